"""The one channel through which a shop's stock goes to Mirakl: at most one import is unfinished at any time.

a unit comes back ─▶ (stock master adjusted) ─▶ pending ─▶ the next import ─▶ sent ─▶ done | parked | held
"""

from __future__ import annotations

from integration.ledger import intents
from integration.ledger.stock import movements, open_import, unfinished_import, unpark
from integration.ledger.store import Tx
from integration.ledger.tables import MovementRow
from integration.mirakl.operations import STO01
from integration.usecases.ports import Ports

INTO_STOCK_MASTER = "into_stock_master"
"""Why a pending movement is in no import yet. It says so even when the stock master is configured no more: sent past
the step that is still promised, its units would be held by that step, and replayed, after they went on sale."""


LONGEST_GROUP = 255
"""Characters: two SKUs that agree in so many wait for one another, which does no harm."""


def put_on_sale(ports: Ports, tx: Tx, movement: MovementRow) -> None:
    """Start a pending movement on its way: into the stock master first, where there is one."""
    if ports.bigcommerce is not None and not movement.in_stock_master:
        movement.reason = INTO_STOCK_MASTER
        # Two offers may be sold from one item of the master.
        item = ports.mappings.current().skus.to_bigcommerce(movement.sku) or movement.sku
        intents.decide(tx, "adjust_stock_master", str(movement.id), group=f"stock-master:{item}"[:LONGEST_GROUP])
    else:
        open_channel(ports, tx)


def open_channel(ports: Ports, tx: Tx) -> None:
    """Promise the next import, if something is to be sent and no import is in flight, for when the ceiling opens."""
    tx.lock("stock")
    if unfinished_import(tx) is not None or not sendable(ports, tx):
        return
    row = open_import(tx)
    # Ahead of verdicts that are to be read: what comes of them may go with the next file, a minute lost is lost.
    due_at = ports.gate.opens_at(tx, STO01) or tx.now
    intents.decide(tx, "send_stock", str(row.id), group="stock", due_at=due_at, urgent=True)


def sendable(ports: Ports, tx: Tx) -> list[MovementRow]:
    """Pending movements that no import carries yet, oldest first."""
    return [
        movement
        for movement in movements(tx, states=["pending"])
        if movement.import_id is None
        and movement.reason != INTO_STOCK_MASTER
        and (ports.bigcommerce is None or movement.in_stock_master)
    ]


def tend_channel(ports: Ports) -> str:
    """Drive parked movements again when their time has come, and open a channel that nobody opened."""
    with ports.ledger.write() as tx:
        tx.lock("stock")  # before the movements: whoever replays one takes the two in this order
        unparked = unpark(tx)
        for movement in _strangers_to_master(ports, tx):
            put_on_sale(ports, tx, movement)
        open_channel(ports, tx)
    return f"{unparked} driven again"


def _strangers_to_master(ports: Ports, tx: Tx) -> list[MovementRow]:
    """Pending movements that set out before there was a stock master: a product that was not live yet takes weeks."""
    return [
        movement
        for movement in movements(tx, states=["pending"])
        if ports.bigcommerce is not None
        and movement.import_id is None
        and movement.reason != INTO_STOCK_MASTER
        and not movement.in_stock_master
    ]
