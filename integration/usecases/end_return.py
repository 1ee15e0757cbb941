"""What becomes of a return that ends early on Mirakl: refused, canceled, or its parcel was never received.

Its twin in Reveni is canceled by its next step. Nothing else is left to be done, so that no person need look at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from integration.ledger import intents
from integration.ledger.returns import free_promises
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, ReturnRow
from integration.usecases.advance_return import STEPS
from integration.usecases.refusal import Refused
from integration.usecases.resume import close_reviews, may_have_landed, resume

NEVER_AGAIN = ("map_return", *(step for step in STEPS if step != "cancel_return"))
"""What an ended return needs no more."""


def end_early(tx: Tx, row: ReturnRow) -> None:
    """Drop what was promised and has not left, and take the return out of the inbox.

    A creation whose outcome a person was asked for is looked for once more: a twin that is there is to be canceled.
    """
    promises = free_promises(tx, row.return_id, NEVER_AGAIN)  # what is on its way finds out by itself
    reasons = {row.held_reason or "", *(promise.reason or "" for promise in promises)}
    for promise in promises:
        if promise.kind == "create_return" and promise.state == "held" and may_have_landed(promise):
            with suppress(Refused):
                resume(tx, promise, reason="return_ended_early")
        elif promise.state == "held" or (promise.state == "decided" and promise.sends == 0):
            intents.close(tx, promise, "dropped", reason="return_ended_early")
    close_reviews(tx, "return", row.return_id, reasons=reasons, resolution="it ended on Mirakl")
    row.held_reason = None


def may_be_in_reveni(promises: Sequence[Intent]) -> bool:
    return any(promise.kind == "create_return" and promise.sends > 0 for promise in promises)
