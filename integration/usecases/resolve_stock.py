"""A person's word on a held movement: its units are on sale, are to be sent, or stay off."""

from __future__ import annotations

import uuid
from typing import Literal

from integration.ledger import intents
from integration.ledger.journal import SENT_AGAIN
from integration.ledger.stock import get_movement
from integration.ledger.store import Tx
from integration.ledger.tables import Facts
from integration.usecases.ports import Ports
from integration.usecases.refusal import Refused
from integration.usecases.replay_stock import held_master_steps, put_back


def resolve_movement(
    ports: Ports,
    tx: Tx,
    movement_id: uuid.UUID,
    verb: Literal["done", "send_again", "dismiss"],
    *,
    evidence: Facts,
) -> str:
    """What was done, in a sentence.

    :raises Refused: it is not held any more, or its SKU is still not mapped.
    """
    tx.lock("stock")
    movement = get_movement(tx, movement_id)
    if movement is None or movement.state != "held":
        raise Refused(f"Movement {movement_id} is not held any more: nothing changes.")
    held = held_master_steps(tx, movement)
    if verb == "send_again":
        for intent in held:
            intents.reopen(tx, intent, reason=SENT_AGAIN, forget_sends=True, evidence=evidence)
        put_back(ports, tx, movement)
        return f"{movement.quantity} of {movement.sku} go with the next stock import."
    for intent in held:
        intents.close(tx, intent, "dropped", reason=f"{verb}_by_hand", evidence=evidence)
    if verb == "done":
        movement.state, movement.reason, movement.done_at = "done", None, tx.now
        return f"{movement.quantity} of {movement.sku} are on sale: done."
    movement.state, movement.reason = "excluded", "dismissed_by_hand"
    return f"{movement.quantity} of {movement.sku} stay off sale at {movement.location or 'their location'}."
