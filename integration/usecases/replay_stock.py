"""Put a held or parked movement on its way again: into the stock master first, where it has not arrived there."""

from __future__ import annotations

import uuid
from typing import Final

from integration.ledger import intents
from integration.ledger.listings import intents_of
from integration.ledger.stock import get_movement
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, MovementRow
from integration.usecases.ports import Ports
from integration.usecases.refusal import Refused
from integration.usecases.resume import close_reviews, resume
from integration.usecases.stock_channel import put_on_sale

MASTER_STEPS: Final = ("adjust_stock_master", "await_stock_master")


def replay_movement(ports: Ports, tx: Tx, movement_id: uuid.UUID) -> list[str]:
    """What goes on, in words.

    :raises Refused: there is nothing to replay, or its SKU is still not mapped.
    """
    tx.lock("stock")
    movement = get_movement(tx, movement_id)
    if movement is None:
        raise Refused(f"There is no movement {movement_id}: see `backhaul stock list`.")
    if movement.state not in ("held", "parked"):
        raise Refused(f"Movement {movement_id} is {movement.state}: nothing changes.")
    reasons = {movement.reason or ""}
    steps = [_go_on(ports, tx, intent) for intent in held_master_steps(tx, movement)]
    put_back(ports, tx, movement)
    close_reviews(tx, "stock", str(movement_id), reasons=reasons, resolution="replayed")
    return [*steps, f"put {movement.quantity} of {movement.sku} on sale with the next stock import (STO01)"]


def held_master_steps(tx: Tx, movement: MovementRow) -> list[Intent]:
    """The steps of the movement's way through the stock master that are held: one at most."""
    return [intent for intent in intents_of(tx, MASTER_STEPS, str(movement.id)) if intent.state == "held"]


def put_back(ports: Ports, tx: Tx, movement: MovementRow) -> None:
    """Make the movement pending: the next import takes it along, whatever import it was in before.

    :raises Refused: its SKU is still not mapped, or is several.
    """
    if movement.reason == "received_skus_differ":
        raise Refused(
            f"Movement {movement.id} is of different goods: put them on sale by hand, then resolve its review with "
            "--done, or leave them off with --dismiss."
        )
    if movement.reason == "unmapped_sku":
        movement.sku = _mapped_now(ports, movement)
    movement.state, movement.reason, movement.detail = "pending", None, None
    movement.import_id, movement.due_at = None, tx.now
    tx.session.flush()
    put_on_sale(ports, tx, movement)


def _go_on(ports: Ports, tx: Tx, intent: Intent) -> str:
    if ports.bigcommerce is not None:
        return resume(tx, intent)
    intents.close(tx, intent, "dropped", reason="no_stock_master")
    return "leave the stock master out, since none is configured any more"


def _mapped_now(ports: Ports, movement: MovementRow) -> str:
    """The offer of what came back. The movement may bear the SKU that the warehouse found, which is Reveni's."""
    skus = ports.mappings.current().skus
    sku = movement.sku if skus.knows(movement.sku) else skus.to_mirakl(movement.sku) if movement.sku else None
    if sku is None:
        raise Refused(f"skus.csv still has no row for {movement.sku or 'the SKU of this movement'}: add it first.")
    return sku
