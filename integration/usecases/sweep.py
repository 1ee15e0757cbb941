"""Ring again for every promise that is due: the ledger is the truth, and a bell may get lost."""

from __future__ import annotations

from integration.ledger import intents
from integration.usecases.catalogue import ACTS
from integration.usecases.hold_stock import hold_unknown_stock
from integration.usecases.keep_mark import compare_with_mark
from integration.usecases.keeping import SETTLING
from integration.usecases.ports import Ports
from integration.usecases.stock_channel import tend_channel

RERING_AFTER = 30.0
"""Seconds a bell may go unanswered: with the sweep's own period, nothing waits for a minute."""


def sweep(ports: Ports) -> str:
    """Look at the ledger's mark, give up claims that expired, ring for what is due, and drive the stock channel on."""
    compare_with_mark(ports.ledger, ports.mark)
    reads_only = [kind for kind, act in ACTS.items() if act.reads_only]
    with ports.ledger.write() as tx:
        expired = intents.expire(tx, settling=ports.settings.scaled(SETTLING), reads_only=reads_only)
        hold_unknown_stock(tx)
        rung = intents.ring_due(tx, rering_after=max(2.0, ports.settings.scaled(RERING_AFTER)))
    return f"{expired} expired, {rung} rung, {tend_channel(ports)}"
