"""Hold what the operator says of the shop (A21) and of the platform (PC01) against our own books, once a day."""

from __future__ import annotations

import logging
from datetime import timedelta

from integration.ledger.marks import keep_reference
from integration.ledger.orders import missed_since
from integration.mirakl.operations import A21
from integration.usecases.polling import poll_when_due
from integration.usecases.ports import Ports

log = logging.getLogger(__name__)

PERIOD = timedelta(days=31)
"""How far back our books are counted: A21's longest short period is a month."""


def watch_platform(ports: Ports) -> str:
    """Say it where orders are refused that we never missed, or where there is nothing to accept at all."""
    return poll_when_due(ports, "watch_platform", A21, lambda: _compare(ports))


def _compare(ports: Ports) -> str:
    statistics = ports.mirakl.shop_statistics()
    acceptance = ports.mirakl.configuration().order_acceptance
    refused = {one.period: str(one.value) for one in statistics.auto_refused_rate if one.value}
    with ports.ledger.write() as tx:
        missed = missed_since(tx, tx.now - PERIOD)
        body = {"auto_refused_rate": refused, "order_acceptance": acceptance, "missed_by_our_books": missed}
        keep_reference(tx, "A21", body)
    if refused and not missed:
        log.error(
            "Mirakl says that orders were refused for nobody's answer (A21 %s), and our books know of none: "
            "another system may hold the key, or orders do not reach this shop's poll",
            ", ".join(f"{period} {rate}" for period, rate in refused.items()),
            extra={"alert": "acceptance_books_differ"},
        )
    if acceptance == "AUTOMATIC":
        log.warning("Mirakl accepts this shop's orders by itself (PC01): the acknowledgement lane has nothing to do")
    return f"{len(refused)} periods with refused orders, {missed} missed by our books"
