"""A person's word on a held refund: it is that one on Mirakl, it is to be sent, or none is due."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Literal

from integration.domain.orders import PastRefund
from integration.ledger import intents
from integration.ledger.journal import journal_of
from integration.ledger.refunds import get_refund, known_mirakl_ids
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, RefundRow
from integration.usecases.advance_return import advance_its_return
from integration.usecases.approve_refund import ABOVE_LIMIT, approve_refund
from integration.usecases.external_refunds import attribute
from integration.usecases.keeping import SENT_AGAIN
from integration.usecases.ports import Ports
from integration.usecases.refusal import Refused


@dataclass(frozen=True)
class OnMirakl:
    """A refund as OR11 shows it; its amounts are in `currency`."""

    past: PastRefund
    currency: str | None


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
        plan = _without_what_was_shown(tx, intent)
        intents.reopen(tx, intent, reason=SENT_AGAIN, forget_sends=True, plan=plan, evidence=evidence)
        return f"Refund {refund_id} is worked out anew and sent within a minute."
    if verb == "dismiss":
        intents.close(tx, intent, "dropped", reason="dismissed_by_hand", evidence=evidence)
    elif found is not None:
        take_for_ours(tx, row, intent, found, evidence)
    else:
        raise Refused("Say with --refund-id which refund on Mirakl it is, or, where none is due there, --dismiss.")
    tx.session.flush()
    advance_its_return(ports, tx, row)
    if found is None:
        return f"Refund {refund_id} is dropped: nothing is sent."
    return f"Refund {refund_id} is refund {found.past.id} on Mirakl: confirmed."


def _without_what_was_shown(tx: Tx, intent: Intent) -> Facts | None:
    """The plan, in which the refunds on Mirakl that a person was shown, and says are others, count as known before.

    What lands after they looked is not among them: it is found before anything is sent again.
    """
    if "baseline" not in intent.plan:
        return None
    held = next(entry.evidence for entry in reversed(journal_of(tx, intent.id)) if entry.to_state == "held")
    shown = {one["id"] for one in held.get("candidates", [])} | {held.get("answered", {}).get("refund_id")} - {None}
    return {**intent.plan, "baseline": sorted({*intent.plan["baseline"], *shown})}


def take_for_ours(tx: Tx, row: RefundRow, intent: Intent, found: OnMirakl, evidence: Facts) -> None:
    """Confirm a refund that nobody is sending: it is that one on Mirakl, by a person's word.

    :raises Refused: that is another one of ours.
    """
    past = found.past
    known = known_mirakl_ids(tx, [past.id]).get(past.id)
    if known is not None and known.intent_id is not None and known.id != row.id:
        raise Refused(f"Refund {past.id} on Mirakl is refund {known.id} already.")
    attribute(tx, row, past.id)
    row.amount, row.shipping_amount, row.currency = past.amount, past.shipping_amount, found.currency
    row.refund_state, row.calculation = past.state, intent.plan.get("calculation")
    row.confirmed_at = row.look_at = tx.now
    figures = past.model_dump(mode="json", include={"id", "amount", "shipping_amount", "quantity", "reason_code"})
    intents.close(tx, intent, "confirmed", reason="confirmed_by_hand", evidence={**evidence, "on_mirakl": figures})
