"""Find the orders that wait for acceptance (OR11) and promise to accept each of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from integration.domain.acceptance import decide_acceptance
from integration.domain.orders import Order
from integration.errors import Held
from integration.ledger import intents
from integration.ledger.orders import add_order, known_orders
from integration.ledger.store import Tx
from integration.mirakl.operations import OR11, OR11_EXTERNAL_PARTNER
from integration.usecases.accept_order import AcceptOrder
from integration.usecases.polling import at_the_ceiling
from integration.usecases.ports import Ports


def poll_orders(ports: Ports) -> str:
    """One sweep: every page is read before any order of it is accepted, since acceptance shifts the pages."""
    operation = OR11_EXTERNAL_PARTNER if ports.settings.mirakl_tier == "external_partner" else OR11
    waiting = at_the_ceiling(ports, operation, ports.mirakl.waiting_orders)
    if waiting is None:
        return "the ceiling is closed"
    new = store_waiting_orders(ports, waiting)
    return f"{len(waiting)} waiting, {new} new"


def store_waiting_orders(ports: Ports, waiting: Sequence[Order]) -> int:
    """Write the new ones down, each with its promise, in one transaction; how many were new."""
    sla = timedelta(hours=ports.settings.acceptance_sla_hours)
    with ports.ledger.write() as tx:
        known = known_orders(tx, [order.order_id for order in waiting])
        new = [order for order in waiting if order.order_id not in known]
        for order in new:
            created = order.created_date or tx.now
            add_order(
                tx, order_id=order.order_id, commercial_id=order.commercial_id, created_date=created,
                deadline=created + sla,
                lines=[{"order_line_id": line.order_line_id, "offer_sku": line.offer_sku} for line in order.lines],
            )  # fmt: skip
            _promise(ports, tx, order, late=created + sla * 3 / 4 < tx.now)
    return len(new)


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
