"""Follow each confirmed refund until Mirakl has paid it (`refund_state` REFUNDED), a hundred orders a call."""

from __future__ import annotations

from datetime import timedelta

from integration.domain.amounts import written
from integration.domain.orders import Order, PastRefund
from integration.domain.retry import RetryPolicy
from integration.ledger.marks import alert_once
from integration.ledger.refunds import to_look_at
from integration.ledger.reviews import open_review
from integration.ledger.store import Tx
from integration.ledger.tables import RefundRow
from integration.usecases.external_refunds import note_external
from integration.usecases.polling import begun_and_noted
from integration.usecases.ports import Ports

LOOKS = RetryPolicy(first=300.0, longest=86_400.0)
"""Seconds between looks at one refund: five minutes, growing to a day."""

CHANGED = "refund_changed_on_mirakl"


def follow_refunds(ports: Ports) -> str:
    """Look once at every refund whose next look is due."""
    return begun_and_noted(ports, "follow_refunds", lambda: _look(ports))


def _look(ports: Ports) -> str:
    with ports.ledger.read() as tx:
        due = to_look_at(tx, limit=500)
    order_ids = sorted({row.order_id for row in due})
    if not order_ids:
        return "none due"
    orders = {order.order_id: order for order in ports.mirakl.orders(order_ids)}
    with ports.ledger.write() as tx:
        for row in due:
            _take_over(ports, tx, tx.session.get_one(RefundRow, row.id), orders.get(row.order_id))
    for order in orders.values():
        note_external(ports.ledger, order)
    return f"{len(due)} looked at"


def _take_over(ports: Ports, tx: Tx, row: RefundRow, order: Order | None) -> None:
    row.looks += 1
    row.look_at = tx.now + timedelta(seconds=ports.settings.scaled(LOOKS.delay(row.looks, spread=ports.spread)))
    for line in order.lines if order else ():
        for past in line.refunds:
            if past.id == row.mirakl_refund_id:
                row.refund_state = past.state
                _compare(tx, row, past)
    if row.refund_state == "REFUNDED":
        row.look_at = None


def _compare(tx: Tx, row: RefundRow, past: PastRefund) -> None:
    """Say it once where Mirakl shows another amount by now than the one that it confirmed."""
    if past.amount in (None, row.amount) and past.shipping_amount in (None, row.shipping_amount):
        return
    detail = (
        f"Refund {past.id} of order {row.order_id} was {_figures(row, row)} when Mirakl confirmed it,"
        f" and is {_figures(row, past)} now."
    )
    if alert_once(tx, CHANGED, f"{past.id} {past.amount} {past.shipping_amount}"):
        evidence = past.model_dump(mode="json", include={"id", "amount", "shipping_amount", "quantity", "state"})
        open_review(tx, kind="refund", subject=str(row.id), reason=CHANGED, detail=detail, evidence=evidence)


def _figures(row: RefundRow, of: RefundRow | PastRefund) -> str:
    currency = row.currency or ""
    amount, shipping = (None if one is None else written(one, currency) for one in (of.amount, of.shipping_amount))
    return f"{amount} and shipping {shipping} {currency}"
