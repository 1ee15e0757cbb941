"""Orders that are held before their acceptance: what becomes of them on Mirakl, where their time is running."""

from __future__ import annotations

from datetime import timedelta

from integration.domain.orders import Order, acceptance_verdict
from integration.errors import Held
from integration.ledger import intents
from integration.ledger.marks import move_watermark, watermark
from integration.ledger.orders import unaccepted_orders
from integration.ledger.store import Tx
from integration.usecases.accept_order import AcceptOrder
from integration.usecases.ports import Ports

LAST_READ = "held_orders"
EVERY = 300.0
"""Seconds between two readings (OR11 by id, which no ceiling counts)."""


def watch_held_orders(ports: Ports) -> str:
    """Read them once in a while, and write down what somebody, or nobody, has made of each.

    :raises Retryable: Mirakl could not be read.
    """
    with ports.ledger.write() as tx:
        last = watermark(tx, LAST_READ)
        if last is not None and last > tx.now - timedelta(seconds=ports.settings.scaled(EVERY)):
            return "not due"
        move_watermark(tx, LAST_READ, tx.now)
        held = [order.order_id for order in unaccepted_orders(tx, held_only=True)]
    found = ports.mirakl.orders(held) if held else []
    with ports.ledger.write() as tx:
        settled = sum(_settle(ports, tx, order) for order in found)
    return f"{len(held)} held, {settled} settled"


def _settle(ports: Ports, tx: Tx, order: Order) -> bool:
    try:
        verdict = acceptance_verdict(order)
    except Held:  # a state that nobody knows: it stays as it is
        return False
    intent = intents.find(tx, AcceptOrder.kind, order.order_id)
    if verdict == "waiting" or intent is None or intent.state != "held":
        return False
    intents.close(tx, intent, "confirmed", reason=f"{verdict}_elsewhere")
    AcceptOrder().record(ports, tx, intent, verdict)
    return True
