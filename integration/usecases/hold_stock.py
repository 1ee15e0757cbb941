"""Units that may be on sale already, since the ledger does not know what was done with them: a person says."""

from __future__ import annotations

from integration.errors import Held
from integration.ledger import intents
from integration.ledger.standing import FIRST_LOOK, NORMAL, standing
from integration.ledger.stock import movements
from integration.ledger.store import Tx
from integration.ledger.tables import MovementRow
from integration.usecases.move_units import hold_movement

UNKNOWN_PAST = "stock_of_unknown_past"
ON_THEIR_WAY = ("pending", "parked")


def hold_unknown_stock(tx: Tx, *, sent_too: bool = False) -> list[MovementRow]:
    """Hold every unit that is on its way to be on sale, while the ledger is in recovery; which those are.

    What a call of unknown outcome carries is left to the reading that settles it, and what an import carries to the
    import's end, unless `sent_too`: then nobody waits for that any more.
    """
    row = standing(tx)
    if row is None or row.mode == NORMAL or row.reason == FIRST_LOOK:
        return []
    tx.lock("stock")
    states = (*ON_THEIR_WAY, "sent") if sent_too else ON_THEIR_WAY
    held = [movement for movement in movements(tx, states=states) if not _is_being_read(tx, movement)]
    for movement in held:
        _stop_adjustment(tx, movement)
        movement.import_id = None
        hold_movement(tx, movement, unknown_past(movement))
    tx.session.flush()
    return held


def unknown_past(movement: MovementRow) -> Held:
    """The case of one movement."""
    return Held(
        UNKNOWN_PAST,
        f"{movement.quantity} of {movement.sku} may be on sale already: the ledger does not know what was done "
        "while it was not there. Compare the offer with the shelf. On sale: resolve with --done. Not on sale: replay.",
        {"sku": movement.sku, "quantity": movement.quantity, "state": movement.state},
    )


def _is_being_read(tx: Tx, movement: MovementRow) -> bool:
    carriers = [intents.find(tx, "adjust_stock_master", str(movement.id))]
    if movement.state == "pending" and movement.import_id is not None:
        carriers.append(intents.find(tx, "send_stock", str(movement.import_id)))
    awaited = intents.find(tx, "await_stock_master", str(movement.id))
    return (awaited is not None and awaited.state in intents.OPEN) or any(
        one is not None and one.state in ("claimed", "unknown") for one in carriers
    )


def _stop_adjustment(tx: Tx, movement: MovementRow) -> None:
    """What a person says of the movement decides whether its units are added to the stock master, too."""
    adjustment = intents.find(tx, "adjust_stock_master", str(movement.id))
    if adjustment is not None and adjustment.state == "decided":
        intents.close(tx, adjustment, "held", reason=UNKNOWN_PAST)
