"""Follow each confirmed refund until Mirakl has paid it (`refund_state` REFUNDED), a hundred orders a call."""

from __future__ import annotations

from datetime import timedelta

from integration.domain.amounts import written
from integration.domain.orders import Order, OrderLine, PastRefund
from integration.domain.refund_matching import in_figures
from integration.domain.refunds import Calculation
from integration.domain.retry import RetryPolicy
from integration.ledger.intents import OPEN
from integration.ledger.listings import open_reviews_of
from integration.ledger.marks import alert_once, forget_alerts, given_alerts
from integration.ledger.refunds import attributed_ids, refunds, to_look_at
from integration.ledger.reviews import close_review, open_review
from integration.ledger.store import Tx
from integration.ledger.tables import RefundRow
from integration.usecases.external_refunds import note_external
from integration.usecases.polling import begun_and_noted
from integration.usecases.ports import Ports

LOOKS = RetryPolicy(first=300.0, longest=86_400.0)
"""Seconds between looks at one refund: five minutes, growing to a day."""

CHANGED = "refund_changed_on_mirakl"
STRANGER_SHOWN = "stranger_beside_ours"
"""A refund that somebody else made beside ours was put into the inbox; the review of differences leaves it out then."""


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
    line = None if order is None else order.line(row.order_line_id)
    for past in line.refunds if line else ():
        if past.id == row.mirakl_refund_id:
            row.refund_state = past.state
            _compare(tx, row, past)
    if line is not None:
        _show_strangers(tx, row, line)
    if row.refund_state == "REFUNDED":
        row.look_at = None


def _compare(tx: Tx, row: RefundRow, past: PastRefund) -> None:
    """Say it once where Mirakl shows another amount by now than the one that it confirmed."""
    if past.amount in (None, row.amount) and past.shipping_amount in (None, row.shipping_amount):
        _compare_no_more(tx, row, past)
        return
    detail = (
        f"Refund {past.id} of order {row.order_id} was {_figures(row, row)} when Mirakl confirmed it,"
        f" and is {_figures(row, past)} now."
    )
    if alert_once(tx, CHANGED, f"{past.id} {past.amount} {past.shipping_amount}"):
        evidence = past.model_dump(mode="json", include={"id", "amount", "shipping_amount", "quantity", "state"})
        open_review(tx, kind="refund", subject=str(row.id), reason=CHANGED, detail=detail, evidence=evidence)


def _show_strangers(tx: Tx, row: RefundRow, line: OrderLine) -> None:
    """Show a person, once, what somebody else made on the line since ours was worked out: it may be for our units.

    Of what was there before, a person has said so already.
    """
    if row.calculation is None or any(one.state in OPEN for one in refunds(tx, order_id=row.order_id)):
        return  # it may be one of ours, of which nobody knows yet
    known = {past.id for past in Calculation.model_validate(row.calculation).line.refunds}
    for past in line.refunds:
        if past.id in known | attributed_ids(tx, row.order_id) or not alert_once(tx, STRANGER_SHOWN, past.id):
            continue
        detail = (
            f"Beside our refund {row.mirakl_refund_id} of order line {line.order_line_id} stands {in_figures(past)}, "
            "which came up since ours was worked out, and which this ledger has not made: see whether the shopper was "
            "paid twice."
        )
        evidence = past.model_dump(mode="json", include={"id", "amount", "shipping_amount", "quantity", "state"})
        open_review(
            tx, kind="refund", subject=str(row.id), reason="on_mirakl_but_not_ours", detail=detail, evidence=evidence
        )


def _compare_no_more(tx: Tx, row: RefundRow, past: PastRefund) -> None:
    for review in open_reviews_of(tx, kind="refund", subject=str(row.id)):
        if review.reason == CHANGED:
            close_review(tx, review, resolution=f"Mirakl shows refund {past.id} as it was confirmed again")
            told = [one for one in given_alerts(tx, CHANGED) if one.startswith(f"{past.id} ")]
            forget_alerts(tx, CHANGED, told)


def _figures(row: RefundRow, of: RefundRow | PastRefund) -> str:
    currency = row.currency or ""
    amount, shipping = (None if one is None else written(one, currency) for one in (of.amount, of.shipping_amount))
    return f"{amount} and shipping {shipping} {currency}"
