"""What restock needs a clock for: units that wait too long, an import that does not end, products that go live."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial

from integration.ledger.marks import alert_once
from integration.ledger.stock import awaiting_their_product, movements, unfinished_import, unpark
from integration.ledger.store import Tx
from integration.usecases.ports import Ports
from integration.usecases.read_offers import read_offers
from integration.usecases.stock_channel import open_channel

log = logging.getLogger(__name__)

LATE_AFTER = 300.0
"""Seconds that a unit may be due and not on sale: four files could have gone by then."""

STUCK_AFTER = 600.0
"""Seconds that Mirakl may take for an import; it keeps this shop's channel closed, and no other's."""

MOST_LOOKS = 50
"""Parked SKUs that are looked at in one pass (OF21): it is meant for pages that people view."""


def watch_stock(ports: Ports) -> str:
    """Tell of what has waited too long, once for each time it was put on its way; drive on what has gone live."""
    with ports.ledger.write() as tx:
        _tell_late_units(ports, tx)
        _tell_stuck_import(ports, tx)
    return f"{_drive_live_products(ports)} driven again, since their products are live"


def _tell_late_units(ports: Ports, tx: Tx) -> None:
    since = tx.now - timedelta(seconds=ports.settings.scaled(LATE_AFTER))
    late = [movement for movement in movements(tx, states=["pending", "sent"]) if movement.due_at < since]
    new = [one for one in late if alert_once(tx, "stock_late", f"{one.id} {one.due_at:%Y-%m-%dT%H:%M:%S.%f}")]
    if new:
        units, oldest = sum(one.quantity for one in new), min(new, key=lambda one: one.due_at)
        tx.after_commit.append(
            partial(
                log.error, "%d units are not on sale yet, the oldest, movement %s, due since %s",
                units, oldest.id, oldest.due_at.isoformat(timespec="seconds"),
                extra={"alert": "stock_late", "units": units, "movement_id": str(oldest.id)},
            )
        )  # fmt: skip


def _tell_stuck_import(ports: Ports, tx: Tx) -> None:
    row = unfinished_import(tx)
    if row is None or row.sent_at is None:
        return
    if row.sent_at < tx.now - timedelta(seconds=ports.settings.scaled(STUCK_AFTER)):
        if not alert_once(tx, "stock_import_stuck", str(row.id)):
            return
        tx.after_commit.append(
            partial(
                log.error, "import %s does not end (STO02), sent %s: the stock of this shop waits for it",
                row.mirakl_import_id, row.sent_at.isoformat(timespec="seconds"),
                extra={"alert": "stock_import_stuck", "import_id": row.mirakl_import_id},
            )
        )  # fmt: skip


def _drive_live_products(ports: Ports) -> int:
    """Lines whose product was not live need not wait for their next try once OF21 shows it live; how many."""
    with ports.ledger.read() as tx:
        parked = awaiting_their_product(tx)
    if not parked:
        return 0
    seen = read_offers(ports, ports.spread.sample(parked, min(len(parked), MOST_LOOKS)))
    live = [sku for sku, offer in seen.offers.items() if offer.live]
    with ports.ledger.write() as tx:
        tx.lock("stock")
        unparked = unpark(tx, live=live)
        open_channel(ports, tx)
    return unparked
