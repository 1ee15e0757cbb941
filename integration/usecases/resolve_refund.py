"""A person's word on a held refund: it is that one on Mirakl, it is to be sent, or none is due."""

from __future__ import annotations

import uuid
from typing import Literal

from integration.ledger import intents
from integration.ledger.journal import SENT_AGAIN, journal_of
from integration.ledger.refunds import get_refund
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent
from integration.usecases.advance_return import advance_its_return
from integration.usecases.approve_refund import ABOVE_LIMIT, approve_refund
from integration.usecases.ports import Ports
from integration.usecases.refusal import Refused
from integration.usecases.release_explained import release_explained
from integration.usecases.take_for_ours import OnMirakl, take_for_ours


def find_on_mirakl(ports: Ports, refund_id: uuid.UUID, mirakl_refund_id: str) -> OnMirakl:
    """The refund of that id on the line that our refund is about, freshly read.

    :raises Refused: it is not there, or Mirakl does not say its amount.
    """
    with ports.ledger.read() as tx:
        refund = get_refund(tx, refund_id)
    if refund is None:
        raise Refused(f"There is no refund {refund_id}: see `backhaul refunds list`.")
    row = refund.row
    for order in ports.mirakl.orders([row.order_id]):
        line = order.line(row.order_line_id)
        for past in line.refunds if line else ():
            if past.id == mirakl_refund_id and past.amount is not None:
                return OnMirakl(past, order.currency)
    raise Refused(
        f"OR11 shows no refund {mirakl_refund_id} with an amount on line {row.order_line_id} of order {row.order_id}."
    )


def resolve_refund(
    ports: Ports,
    tx: Tx,
    refund_id: uuid.UUID,
    verb: Literal["done", "send_again", "dismiss", "approve"],
    *,
    found: OnMirakl | None,
    evidence: Facts,
) -> str:
    """What was done, in a sentence.

    :raises Refused: it is not held any more, or the refund on Mirakl is another one of ours.
    """
    refund = get_refund(tx, refund_id)
    if refund is None or refund.intent is None or refund.intent.state != "held":
        raise Refused(f"Refund {refund_id} is not held any more: nothing changes.")
    row, intent = refund.row, refund.intent
    if verb == "approve":
        return approve_refund(tx, intent, evidence=evidence)
    if verb == "send_again":
        if intent.reason == ABOVE_LIMIT:
            raise Refused(f"Refund {refund_id} was never sent: --approve releases it.")
        evidence = {**evidence, **_for_something_else(tx, intent)}
        intents.reopen(tx, intent, reason=SENT_AGAIN, forget_sends=True, evidence=evidence)
        return f"Refund {refund_id} is worked out anew and sent within a minute."
    left = 0
    if verb == "dismiss":
        intents.close(tx, intent, "dropped", reason="dismissed_by_hand", evidence=evidence)
    elif found is not None:
        left = take_for_ours(tx, row, intent, found, evidence)
    else:
        raise Refused("Say with --refund-id which refund on Mirakl it is, or, where none is due there, --dismiss.")
    tx.session.flush()
    release_explained(tx, row.order_id)
    advance_its_return(ports, tx, row)
    if found is None:
        return f"Refund {refund_id} is dropped: nothing is sent."
    if left:
        return (
            f"Refund {found.past.id} on Mirakl was for some of the units of refund {refund_id}: confirmed. "
            f"{left} unit(s) are left, and are worked out anew."
        )
    return f"Refund {refund_id} is refund {found.past.id} on Mirakl: confirmed."


def _for_something_else(tx: Tx, intent: Intent) -> Facts:
    """The refunds on Mirakl that a person was shown, and says are for something else.

    What lands after they looked is not among them: it is found before anything is sent again.
    """
    held = next(entry.evidence for entry in reversed(journal_of(tx, intent.id)) if entry.to_state == "held")
    listed = {past["id"] for name in ("elsewhere", "candidates") for past in held.get(name, ())}
    shown = listed | {held.get("answered", {}).get("refund_id")} - {None}
    return {"others": sorted(shown)} if shown else {}
