"""Take up a held refund again: it is worked out anew from the order, and never sent blindly a second time."""

from __future__ import annotations

import uuid

from integration.ledger.refunds import Refund, get_refund
from integration.ledger.returns import lines_of
from integration.ledger.store import Tx
from integration.usecases.ports import Ports
from integration.usecases.refusal import Refused
from integration.usecases.resume import close_reviews, does, hasten, resume

ILLEGAL = "illegal_refund_reason"

ONLY_A_PERSON_KNOWS = frozenset({"answer_differs"})
"""Mirakl has made a refund that is not the one asked for: reading would not find the one asked for, and send it too."""


def replay_refund(ports: Ports, tx: Tx, refund_id: uuid.UUID) -> list[str]:
    """What goes on, in words.

    :raises Refused: there is nothing to replay, or a replay cannot help.
    """
    refund = get_refund(tx, refund_id)
    if refund is None:
        raise Refused(f"There is no refund {refund_id}: see `backhaul refunds list`.")
    intent = refund.intent
    if intent is not None and hasten(tx, intent):
        return [f"try at once: {does(intent)}", *_terms(tx, refund)]
    if intent is None or intent.state != "held":
        raise Refused(f"Refund {refund_id} is {refund.state}, not held: nothing changes.{_waits(refund)}")
    if intent.reason in ONLY_A_PERSON_KNOWS:
        raise Refused(
            f"Refund {refund_id} is held since {intent.reason}: look at it on Mirakl, then say with "
            "`backhaul review resolve` which refund it is (--done --refund-id) or that it is to be sent (--send-again)."
        )
    remapped = _map_again(ports, tx, refund) if intent.reason == ILLEGAL else []
    close_reviews(tx, "refund", str(refund_id), reasons={intent.reason or ""}, resolution="replayed")
    return [resume(tx, intent), *_terms(tx, refund), *remapped]


def _map_again(ports: Ports, tx: Tx, refund: Refund) -> list[str]:
    """A line keeps the reason that it was mapped to, but for one with which Mirakl refunds nothing."""
    tables, steps = ports.mappings.current(), []
    for line in lines_of(tx, refund.row.return_id or ""):
        mapped = tables.return_reasons.lookup(line.reason_code or "")
        if line.order_line_id != refund.row.order_line_id:
            continue
        if mapped is None or mapped.mirakl_refund_reason == line.refund_reason:
            steps.append(
                f"return_reasons.csv still has no other reason for {line.reason_code} than {line.refund_reason}, with "
                "which Mirakl refused it: unless Mirakl allows that by now (`backhaul mappings check --live`), it is "
                "held again"
            )
        else:
            line.refund_reason, line.mapping_version = mapped.mirakl_refund_reason, tables.version
    tx.session.flush()
    return steps


def _waits(refund: Refund) -> str:
    reason = refund.intent.reason if refund.intent is not None else None
    return f" It is tried again by itself ({reason})." if refund.state == "decided" and reason else ""


def _terms(tx: Tx, refund: Refund) -> list[str]:
    row = refund.row
    return [
        f"for {row.quantity} unit(s) of line {row.order_line_id} of order {row.order_id}, to its shopper, with reason "
        f"{line.refund_reason} ({line.reason_code} in return_reasons.csv), shipping {line.shipping_refund}"
        for line in lines_of(tx, row.return_id or "")
        if line.order_line_id == row.order_line_id
    ]
