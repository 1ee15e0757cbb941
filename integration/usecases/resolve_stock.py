"""A person's word on a held movement: its units are on sale, are to be sent, or stay off."""

from __future__ import annotations

import uuid
from typing import Literal

from integration.ledger import intents
from integration.ledger.journal import SENT_AGAIN
from integration.ledger.stock import get_movement
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, MovementRow
from integration.usecases.next_steps import NOT_KNOWN_TO_BE_THERE
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
    in_master = bool(held) and ports.bigcommerce is not None and movement.reason in NOT_KNOWN_TO_BE_THERE["stock"]
    if verb == "send_again":
        for intent in held:
            _send_again(tx, movement, intent, evidence)
        put_back(ports, tx, movement)
        if in_master:
            return f"{movement.quantity} of {movement.sku} are added in BigCommerce again, and go on sale from there."
        return f"{movement.quantity} of {movement.sku} go with the next stock import."
    for intent in held:
        intents.close(tx, intent, "dropped", reason=f"{verb}_by_hand", evidence=evidence)
    if verb == "done" and in_master:  # it is there that they are: Mirakl has not been told of them yet
        movement.in_stock_master = True
        put_back(ports, tx, movement)
        return f"{movement.quantity} of {movement.sku} are in BigCommerce: its level goes with the next stock import."
    if verb == "done":
        movement.state, movement.reason, movement.done_at = "done", None, tx.now
        return f"{movement.quantity} of {movement.sku} are on sale: done."
    movement.state, movement.reason = "excluded", "dismissed_by_hand"
    return f"{movement.quantity} of {movement.sku} stay off sale at {movement.location or 'their location'}."


def _send_again(tx: Tx, movement: MovementRow, intent: Intent, evidence: Facts) -> None:
    """What was seen before the last sending says nothing any more. Units that BigCommerce took, and that a person does
    not find there, are added once more before they are waited for.
    """
    adjusting = intents.find(tx, "adjust_stock_master", str(movement.id))
    if intent.kind == "await_stock_master" and adjusting is not None:
        intents.close(tx, intent, "dropped", reason=SENT_AGAIN, evidence=evidence)
        intent = adjusting
    intents.reopen(tx, intent, reason=SENT_AGAIN, forget_sends=True, plan={}, evidence=evidence)
