"""Say once a day how much is waiting for the shop's balance on Mirakl: only the seller or the operator can fill it."""

from __future__ import annotations

import logging

from integration.ledger.marks import alert_every
from integration.ledger.refunds import waiting_totals
from integration.usecases.ports import Ports

log = logging.getLogger(__name__)

DAY = 86_400.0


def watch_balance(ports: Ports) -> str:
    """Alert where refunds wait for money, with what they come to in each currency."""
    with ports.ledger.write() as tx:
        totals = waiting_totals(tx, "insufficient_balance")
        due = bool(totals) and alert_every(tx, "insufficient_balance", seconds=ports.settings.scaled(DAY))
    told = ", ".join(f"{total} {currency}" for currency, total in totals.items())
    if due:
        log.error(
            "refunds of %s wait for a sufficient balance on Mirakl (OR28)",
            told,
            extra={"alert": "insufficient_balance"},
        )
    return told or "nothing waits for the balance"
