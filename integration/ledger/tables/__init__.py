"""The tables. Every row carries its shop; money is exact; an open row has a state and a reason.

`intents` is the heart: one row for each thing Backhaul has promised to do to another system (or to read from it), with
the claim that keeps it from being done twice. The other tables hold the facts that those intents are about.
"""

from __future__ import annotations

from integration.ledger.tables.accounts import AccountReadRow, CycleRow, DocumentRow, SightingRow, TransactionRow
from integration.ledger.tables.base import Base, Facts
from integration.ledger.tables.fleet import (
    AlertRow,
    CallRow,
    CeilingRow,
    HeartbeatRow,
    PollRow,
    ReferenceRow,
    WatermarkRow,
)
from integration.ledger.tables.inbox import ReviewRow
from integration.ledger.tables.orders import OrderRow
from integration.ledger.tables.promises import ChainHeadRow, Intent, JournalEntry
from integration.ledger.tables.recovery import StandingRow
from integration.ledger.tables.refunds import RefundRow
from integration.ledger.tables.returns import EventRow, ReadingRow, ReturnLineRow, ReturnRow
from integration.ledger.tables.stock import MovementRow, StockImportRow

__all__ = [
    "AccountReadRow",
    "AlertRow",
    "Base",
    "CallRow",
    "CeilingRow",
    "ChainHeadRow",
    "CycleRow",
    "DocumentRow",
    "EventRow",
    "Facts",
    "HeartbeatRow",
    "Intent",
    "JournalEntry",
    "MovementRow",
    "OrderRow",
    "PollRow",
    "ReadingRow",
    "ReferenceRow",
    "RefundRow",
    "ReturnLineRow",
    "ReturnRow",
    "ReviewRow",
    "SightingRow",
    "StandingRow",
    "StockImportRow",
    "TransactionRow",
    "WatermarkRow",
]
