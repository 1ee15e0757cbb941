"""What Mirakl's refusal of a refund (OR28) means. It gives these refusals no code, only words (contracts, 3.1)."""

from __future__ import annotations

import re

from integration.domain.orders import Waits
from integration.errors import Held

NO_MONEY = re.compile(r"sufficient.*balance|balance.*sufficient|insufficient", re.IGNORECASE)
NOT_DEBITED = re.compile(r"not.*debited", re.IGNORECASE)
IN_PROGRESS = re.compile(r"in progress", re.IGNORECASE)
REFUNDED_MEANWHILE = re.compile(r"already.*refunded|what is left|exceeds", re.IGNORECASE)
CLOSED = re.compile(r"\bclosed\b|no longer be refunded", re.IGNORECASE)
REASON = re.compile(r"reason.*not allowed|not allowed.*reason", re.IGNORECASE)


def meaning_of(message: str) -> Held | Waits:
    """Whether the refund waits, or is held for a person.

    What waits is worked out from a fresh read of its order before it is sent again. So a refund that somebody made
    between our read and our call is found there, and decides: words alone never do.
    """
    if NO_MONEY.search(message):
        return Waits("insufficient_balance")
    if NOT_DEBITED.search(message):  # OR11 shows of some orders neither the debit nor that it is due
        return Waits("order_not_debited")
    if IN_PROGRESS.search(message):
        return Waits("refund_in_progress")
    if REFUNDED_MEANWHILE.search(message):
        return Waits("refunded_meanwhile")
    if CLOSED.search(message):
        return Held("order_closed", f"Mirakl refused: {message}")
    if REASON.search(message):
        return Held("illegal_refund_reason", f"Mirakl refused: {message}")
    return Held("refund_rejected", f"Mirakl refused: {message}")
