"""Rows of the account and of refunds, as they stand in a ledger."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from integration.ledger import intents
from integration.ledger.accounts import store_cycles, store_documents, store_lines
from integration.ledger.store import Ledger
from integration.ledger.tables import RefundRow
from tests.unit.reconciliation.account_examples import BILLED, MADE, money

HOUR = timedelta(hours=1)
Row = dict[str, Any]


def a_row(transaction_id: str = "T-1", **facts: Any) -> Row:
    usual: Row = {
        "transaction_id": transaction_id, "type": "REFUND_ORDER_AMOUNT", "amount": money("-25.00"), "currency": "GBP",
        "date_created": MADE, "last_updated": MADE, "payment_state": "PENDING", "cycle_id": None, "billed_at": None,
        "document_number": None, "order_id": "O-1", "order_line_id": "O-1-1", "refund_id": "77", "tax_code": None,
    }  # fmt: skip
    return {**usual, **facts}


def billed(transaction_id: str = "T-1", *, at: datetime = BILLED, cycle: str = "C-1", **facts: Any) -> Row:
    usual = {"payment_state": "PAID", "cycle_id": cycle, "billed_at": at, "last_updated": at}
    return a_row(transaction_id, **{**usual, **facts})


def a_cycle_row(cycle_id: str = "C-1", **facts: Any) -> Row:
    usual: Row = {
        "cycle_id": cycle_id, "date_created": BILLED, "currency": "GBP", "transferred": money("9.00"),
        "payout_state": "PAID", "payout_reference": "BANK-7", "payout_date": BILLED, "payout_failure": None,
    }  # fmt: skip
    return {**usual, **facts}


def a_document_row(invoice_id: str = "9", **facts: Any) -> Row:
    usual: Row = {
        "invoice_id": invoice_id, "type": "AUTO_INVOICE", "date_created": BILLED, "currency": "GBP",
        "excluding_taxes": money("5.00"), "including_taxes": money("6.00"), "cycle_id": "C-1", "payment_state": "PAID",
        "payment_reference": "BANK-7",
    }  # fmt: skip
    return {**usual, **facts}


def store(
    ledger: Ledger,
    *rows: dict[str, Any],
    cycle_rows: Sequence[dict[str, Any]] = (),
    documents: Sequence[dict[str, Any]] = (),
) -> None:
    with ledger.write() as tx:
        store_lines(tx, rows)
        store_cycles(tx, cycle_rows)
        store_documents(tx, documents)


def add_refund(ledger: Ledger, mirakl_refund_id: str, *, ours: bool = True, state: str = "confirmed") -> uuid.UUID:
    with ledger.write() as tx:
        intent_id = None
        if ours:
            intent, _ = intents.decide(tx, "push_refund", mirakl_refund_id)
            tx.session.flush()
            intent.sends = 1
            intents.close(tx, intent, state, reason="", evidence={"answered": {"refund_id": mirakl_refund_id}})
            intent_id = intent.id
        row = RefundRow(
            id=intent_id or uuid.uuid4(), shop=tx.shop, intent_id=intent_id, order_id="O-1", order_line_id="O-1-1",
            amount=money("25.00"), shipping_amount=money("0"), currency="GBP", mirakl_refund_id=mirakl_refund_id,
            created_at=MADE, confirmed_at=MADE + HOUR if ours else None, looks=0,
        )  # fmt: skip
        tx.session.add(row)
        return row.id
