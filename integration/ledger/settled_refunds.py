"""The refunds that the account is held against: ours that are confirmed, and those of others that OR11 has shown."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import and_, or_, select

from integration.ledger.accounts import batches
from integration.ledger.refunds import Refund
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, JournalEntry, RefundRow, SightingRow, TransactionRow
from integration.ledger.upsert import put


class SettledRefund(NamedTuple):
    """A refund in the ledger. `intent_id` is None for one that others made.

    `on_mirakl`: whether OR11 showed it when it was last looked for; None where nobody had to.
    """

    id: uuid.UUID
    intent_id: uuid.UUID | None
    return_id: str | None
    order_id: str
    order_line_id: str
    quantity: int | None
    amount: Decimal | None
    shipping_amount: Decimal | None
    currency: str | None
    mirakl_refund_id: str
    calculation: Facts | None
    created_at: datetime
    confirmed_at: datetime | None
    on_mirakl: bool | None


def refunds_named(tx: Tx, mirakl_refund_ids: Collection[str]) -> Iterator[SettledRefund]:
    """Those of these refunds that stand in the ledger, in the order of Mirakl's ids."""
    for ids in batches(sorted(mirakl_refund_ids)):
        yield from _found(tx, RefundRow.mirakl_refund_id.in_(ids))


def refunds_without_lines(tx: Tx, *, before: datetime) -> list[SettledRefund]:
    """Refunds known before that moment of which the account shows no line, by Mirakl's id."""
    lines = select(TransactionRow.transaction_id).where(
        TransactionRow.shop == RefundRow.shop, TransactionRow.refund_id == RefundRow.mirakl_refund_id
    )
    known_at = or_(
        RefundRow.confirmed_at < before, and_(RefundRow.confirmed_at.is_(None), RefundRow.created_at < before)
    )
    return list(_found(tx, known_at, ~lines.exists()))


def refunds_not_billed(tx: Tx, *, before: datetime) -> list[SettledRefund]:
    """Refunds of ours confirmed before that moment of which no line is in a billing cycle, by Mirakl's id."""
    billed = select(TransactionRow.transaction_id).where(
        TransactionRow.shop == RefundRow.shop,
        TransactionRow.refund_id == RefundRow.mirakl_refund_id,
        TransactionRow.cycle_id.is_not(None),
    )
    return list(_found(tx, RefundRow.confirmed_at < before, ~billed.exists()))


def answers(tx: Tx, intent_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Facts]:
    """What OR28 answered, by intent, as the journal keeps it."""
    found: dict[uuid.UUID, Facts] = {}
    for ids in batches(sorted(intent_ids)):
        entries = tx.session.execute(
            select(JournalEntry.intent_id, JournalEntry.evidence)
            .where(JournalEntry.shop == tx.shop, JournalEntry.to_state == "confirmed", JournalEntry.intent_id.in_(ids))
            .order_by(JournalEntry.id)
        )
        found |= {intent_id: evidence["answered"] for intent_id, evidence in entries if "answered" in evidence}
    return found


def note_sighting(tx: Tx, refund_id: uuid.UUID, *, on_mirakl: bool) -> None:
    """Keep whether OR11 shows a refund of ours that is in no billing cycle."""
    put(tx, SightingRow, refund_id=refund_id, looked_at=tx.now, on_mirakl=on_mirakl)


def _found(tx: Tx, *conditions: Any) -> Iterator[SettledRefund]:
    row = RefundRow
    query = (
        select(
            row.id, row.intent_id, row.return_id, row.order_id, row.order_line_id, row.quantity, row.amount,
            row.shipping_amount, row.currency, row.mirakl_refund_id, row.calculation, row.created_at, row.confirmed_at,
            SightingRow.on_mirakl,
        )
        .outerjoin(Intent, Intent.id == row.intent_id)
        .outerjoin(SightingRow, and_(SightingRow.shop == row.shop, SightingRow.refund_id == row.id))
        .where(
            row.shop == tx.shop,
            row.mirakl_refund_id.is_not(None),
            or_(row.intent_id.is_(None), Intent.state == "confirmed"),
            *conditions,
        )
        .order_by(row.mirakl_refund_id)
    )  # fmt: skip
    for values in tx.session.execute(query):
        yield SettledRefund._make(values)


def ours_on_lines(tx: Tx, order_line_ids: Collection[str]) -> dict[str, list[tuple[uuid.UUID, str]]]:
    """Our refunds of these order lines that Mirakl has made or may have, each with the state of its intent."""
    found: dict[str, list[tuple[uuid.UUID, str]]] = {}
    for ids in batches(sorted(order_line_ids)):
        rows = tx.session.execute(
            select(RefundRow, Intent)
            .join(Intent, Intent.id == RefundRow.intent_id)
            .where(RefundRow.shop == tx.shop, RefundRow.order_line_id.in_(ids), Intent.sends > 0)
            .order_by(RefundRow.created_at, RefundRow.id)
        )
        for row, intent in rows:
            if Refund(row, intent).may_be_made:
                found.setdefault(row.order_line_id, []).append((row.id, intent.state))
    return found
