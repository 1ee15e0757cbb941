"""The acceptance clock: warn at half of the time, alert at three quarters, page at nine tenths; each once per order."""

from __future__ import annotations

import logging
from functools import partial

from integration.ledger import intents
from integration.ledger.orders import orders
from integration.usecases.ports import Ports

log = logging.getLogger(__name__)

STEPS = ((90, logging.CRITICAL), (75, logging.ERROR), (50, logging.WARNING))
"""Percent of the acceptance time that is gone, and how loudly that is said."""

OVERTAKES_AT = 75
"""Percent from which an order goes ahead of the rest of its queue."""


def watch_deadlines(ports: Ports) -> str:
    """Say, for each waiting order, the newest step it has reached."""
    told = 0
    with ports.ledger.write() as tx:
        for order in orders(tx, state="waiting"):
            gone = 100 * (tx.now - order.created_date) / (order.deadline - order.created_date)
            step = next(((percent, level) for percent, level in STEPS if gone >= percent), None)
            if step is None or order.alerted_percent >= step[0]:
                continue
            percent, level = step
            order.alerted_percent = percent
            told += 1
            if percent >= OVERTAKES_AT and (intent := intents.find(tx, "accept_order", order.order_id)):
                intents.make_urgent(tx, intent)
            tx.after_commit.append(partial(_tell, level, order.order_id, percent))
    return f"{told} told"


def _tell(level: int, order_id: str, percent: int) -> None:
    extra = {"alert": "acceptance_sla", "order_id": order_id, "percent": percent}
    log.log(level, "order %s has used %d %% of its acceptance time", order_id, percent, extra=extra)
