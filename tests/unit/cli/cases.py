"""Rows in a ledger, as the fleet would have left them there."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

from integration.ledger import intents
from integration.ledger.orders import add_order
from integration.ledger.reviews import open_review
from integration.ledger.stock import add_movement
from integration.ledger.store import Ledger, Tx
from integration.ledger.tables import Intent, MovementRow, RefundRow, ReturnLineRow, ReturnRow
from tests.unit.domain.refund_examples import LINE_ID, an_order, refund

REVIEW_KINDS = {"accept_order": "order", "push_refund": "refund", "read_verdict": "event"}


def an_open_order(ledger: Ledger, order_id: str = "O-1", *, state: str = "waiting", hours_left: float = 12) -> None:
    with ledger.write() as tx:
        row = add_order(
            tx, order_id=order_id, commercial_id="C-1", lines=[{"order_line_id": LINE_ID, "offer_sku": "SKU-1"}],
            created_date=tx.now - timedelta(hours=1), deadline=tx.now + timedelta(hours=hours_left),
        )  # fmt: skip
        row.state = state


def hold(tx: Tx, kind: str, subject: str, reason: str, *, plan: dict[str, Any] | None = None, sends: int = 0) -> Intent:
    """A promise that waits for a person, after so many sendings; its review is not opened here."""
    decided, _ = intents.decide(tx, kind, subject, plan=plan)
    tx.session.flush()
    claimed = intents.claim(tx, decided.id, lease=60)
    assert claimed is not None
    for _ in range(sends):
        intents.write_ahead(tx, claimed, plan or {})
    intents.settle(tx, claimed, "held", reason=reason, detail="somebody should look")
    return claimed


def a_held_order(ledger: Ledger, order_id: str = "O-1", *, sends: int = 0) -> None:
    an_open_order(ledger, order_id, state="held")
    with ledger.write() as tx:
        hold(tx, "accept_order", order_id, "order_not_on_mirakl", plan={"lines": {LINE_ID: True}}, sends=sends)
        open_review(tx, kind="order", subject=order_id, reason="order_not_on_mirakl", detail="OR11 does not show it.")


def a_return(ledger: Ledger, return_id: str = "R-1", *, lines: int = 1, **facts: Any) -> None:
    """A return of order O-1; `held_reason` opens its review as well."""
    usual: dict[str, Any] = {"order_id": "O-1", "mirakl_state": "IN_PROGRESS", "state": "new", "reveni_refunds": []}
    with ledger.write() as tx:
        row = ReturnRow(shop=tx.shop, return_id=return_id, first_seen_at=tx.now, **{**usual, **facts})
        tx.session.add(row)
        for number in range(1, lines + 1):
            tx.session.add(
                ReturnLineRow(
                    shop=tx.shop, return_id=return_id, order_line_id=f"O-1-{number}", quantity=2,
                    reason_code="RETURN_CHANGED_MIND", accepted=0, rejected=0, refund_units=0, moved_units=0,
                    sellable_units=0,
                )
            )  # fmt: skip
        if row.held_reason:
            row.state = "held"
            open_review(tx, kind="return", subject=return_id, reason=row.held_reason, detail="somebody should look")


def map_lines(ledger: Ledger, return_id: str = "R-1") -> None:
    """As the shipped tables do it."""
    with ledger.write() as tx:
        for line in tx.session.query(ReturnLineRow).filter_by(return_id=return_id):
            line.refund_reason, line.shipping_refund, line.disposition = "17", "none", "restock"
            line.reveni_reason, line.location, line.offer_sku = "changed_mind", "sellable", "SKU-1"
        done, _ = intents.decide(tx, "map_return", return_id)
        intents.close(tx, done, "confirmed", reason="mapped")


def a_refund(
    ledger: Ledger, *, state: str = "held", reason: str = "exceeds_remaining", sends: int = 0, asked: bool = True
) -> uuid.UUID:
    """A refund of one unit of O-1-1, 25.00 GBP, of return R-1."""
    calculation = refund(an_order())
    plan: dict[str, Any] = {
        "calculation": calculation.model_dump(mode="json"),
        "baseline": [],
        "reveni": {"mode": "not_instant"},
    }
    with ledger.write() as tx:
        intent = hold(tx, "push_refund", "R-1/O-1-1/1", reason, plan=plan if asked else None, sends=sends)
        row = RefundRow(
            id=intent.id, shop=tx.shop, intent_id=intent.id, return_id="R-1", order_id="O-1", order_line_id=LINE_ID,
            cumulative_units=1, quantity=1, created_at=tx.now, looks=0,
        )  # fmt: skip
        tx.session.add(row)
        kept = intents.get(tx, intent.id)
        assert kept is not None
        if asked:
            kept.plan = plan
        if state == "held":
            open_review(tx, kind="refund", subject=str(intent.id), reason=reason, detail="somebody should look")
        else:
            kept.state, kept.reason = state, None if state == "confirmed" else reason
        if state == "confirmed":
            row.amount, row.shipping_amount, row.currency = Decimal("25.00"), Decimal("0.00"), "GBP"
            row.mirakl_refund_id, row.calculation = "1113", plan["calculation"]
        return row.id


def an_external_refund(ledger: Ledger, mirakl_refund_id: str = "77") -> uuid.UUID:
    with ledger.write() as tx:
        row = RefundRow(
            id=uuid.uuid4(), shop=tx.shop, order_id="O-1", order_line_id=LINE_ID, quantity=1, amount=Decimal("5.00"),
            shipping_amount=Decimal(0), currency="GBP", mirakl_refund_id=mirakl_refund_id, created_at=tx.now, looks=0,
        )  # fmt: skip
        tx.session.add(row)
        return row.id


def a_movement(ledger: Ledger, *, state: str = "held", reason: str | None = "no_such_offer", sku: str = "SKU-1") -> str:
    with ledger.write() as tx:
        movement = add_movement(
            tx, return_id="R-1", order_line_id=LINE_ID, sku=sku, quantity=1, location="sellable", state=state,
            reason=reason,
        )  # fmt: skip
        if state == "held":
            subject = str(movement.id)
            open_review(tx, kind="stock", subject=subject, reason=reason or "", detail="somebody should look")
        return str(movement.id)


def state_of(ledger: Ledger, kind: str, subject: str) -> tuple[str, int]:
    """The state of a promise, and how many sendings it counts."""
    with ledger.read() as tx:
        intent = intents.find(tx, kind, subject)
        assert intent is not None
        return intent.state, intent.sends


def movement_of(ledger: Ledger, movement_id: str) -> MovementRow:
    with ledger.read() as tx:
        row = tx.session.get(MovementRow, uuid.UUID(movement_id))
        assert row is not None
        return row


def pay(ledger: Ledger, refund_id: uuid.UUID) -> None:
    """Mirakl says that the refund has reached the shopper."""
    with ledger.write() as tx:
        row = tx.session.get(RefundRow, refund_id)
        assert row is not None
        row.refund_state = "REFUNDED"
