"""Find the orders that wait for acceptance (OR11) and promise to accept each of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from integration.domain.acceptance import decide_acceptance
from integration.domain.orders import Order
from integration.errors import Held
from integration.ledger import intents
from integration.ledger.orders import add_order, known_orders
from integration.ledger.store import Tx
from integration.ledger.tables import OrderRow
from integration.mirakl.operations import OR11, OR11_EXTERNAL_PARTNER
from integration.usecases.accept_order import AcceptOrder
from integration.usecases.keeping import SETTLING
from integration.usecases.polling import poll_when_due
from integration.usecases.ports import Ports
from integration.usecases.resume import close_reviews

log = logging.getLogger(__name__)


def poll_orders(ports: Ports) -> str:
    """One sweep: every page is read before any order of it is accepted, since acceptance shifts the pages."""
    operation = OR11_EXTERNAL_PARTNER if ports.settings.mirakl_tier == "external_partner" else OR11
    return poll_when_due(ports, "poll_orders", operation, lambda: _sweep(ports))


def _sweep(ports: Ports) -> str:
    with ports.ledger.read() as tx:
        began = tx.now
    waiting = ports.mirakl.waiting_orders()
    new = store_waiting_orders(ports, waiting, read_since=began)
    return f"{len(waiting)} waiting, {new} new"


def store_waiting_orders(ports: Ports, waiting: Sequence[Order], *, read_since: datetime) -> int:
    """Write the new ones down, each with its promise, in one transaction; how many were new.

    :param read_since: none of them was read before this time (UTC, by the ledger's clock).
    """
    sla = timedelta(hours=ports.settings.acceptance_sla_hours)
    settled_before = read_since - timedelta(seconds=ports.settings.scaled(SETTLING))
    with ports.ledger.write() as tx:
        tx.lock("new-orders")  # of two sweeps that found the same order, the later one sees it here
        known = known_orders(tx, [order.order_id for order in waiting])
        new = [order for order in waiting if order.order_id not in known]
        for order in new:
            created = order.created_date or tx.now
            add_order(
                tx, order_id=order.order_id, commercial_id=order.commercial_id, created_date=created,
                deadline=created + sla,
                lines=[{"order_line_id": line.order_line_id, "offer_sku": line.offer_sku} for line in order.lines],
            )  # fmt: skip
            # Mirakl always gives the date; an order that came without one may be at its end.
            _promise(ports, tx, order, late=order.created_date is None or created + sla * 3 / 4 < tx.now)
        _accept_again(tx, known.values(), settled_before)
    return len(new)


def _accept_again(tx: Tx, known: Iterable[OrderRow], settled_before: datetime) -> None:
    """Take those up again that wait on Mirakl long after it answered that they do not: they would be missed unseen."""
    for row in known:
        if row.state == "held" and row.reason == "order_not_on_mirakl":
            _go_on(tx, row)
        if row.acknowledged_at is None or row.acknowledged_at > settled_before or row.state != "acknowledged":
            continue
        intent = intents.find(tx, AcceptOrder.kind, row.order_id)
        if intent is not None and intent.state == "confirmed":
            log.warning("order %s was acknowledged and waits on Mirakl again: it is accepted again", row.order_id)
            row.state, row.reason, row.acknowledged_at, row.acknowledged_by = "waiting", "still_waiting", None, None
            intents.reopen(tx, intent, reason="still_waiting")


def _go_on(tx: Tx, row: OrderRow) -> None:
    """Mirakl shows it after all, and its acceptance time is running: nobody need look why it did not."""
    intent = intents.find(tx, AcceptOrder.kind, row.order_id)
    if intent is not None and intent.state == "held":
        close_reviews(tx, "order", row.order_id, reasons={row.reason or ""}, resolution="OR11 shows it again")
        row.state, row.reason = "waiting", None
        intents.reopen(tx, intent, reason="shown_again")


def _promise(ports: Ports, tx: Tx, order: Order, *, late: bool) -> None:
    """Promise to accept the order; where the seller's rule does not, a replay means that a person does."""
    skus = {line.order_line_id: line.offer_sku for line in order.lines}
    held = None
    try:
        lines = decide_acceptance(
            order.order_id,
            skus,
            unknown_sku=ports.settings.acceptance_unknown_sku,
            is_known=ports.mappings.current().skus.knows,
        )
    except Held as rule:
        held, lines = rule, dict.fromkeys(skus, True)
    intent, _ = intents.decide(tx, AcceptOrder.kind, order.order_id, urgent=late, plan={"lines": lines})
    if held is not None:
        intents.close(tx, intent, "held", reason=held.reason, evidence=held.evidence)
        AcceptOrder().hold(tx, intent, held)
