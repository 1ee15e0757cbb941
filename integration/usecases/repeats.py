"""How often in a row the same thing has sent an intent back: refusals, errors and waits are each counted apart.

A claim is none of these. Whoever counts claims says "refused 26 times" of a refund that waited 25 times for its money
and was refused once.
"""

from __future__ import annotations

from collections.abc import Collection

from integration.errors import Held
from integration.ledger.tables import Facts, Intent

UNEXPECTED_ERROR = "unexpected_error"
"""What errors that nobody foresaw are counted under, wherever the intent stood when one happened."""


def counted(intent: Intent, reason: str, *, alike: Collection[str] = (), went_well: bool) -> Facts:
    """The intent's counters, with this one more of `reason`.

    :param alike: reasons that are one thing to whoever counts them in a row; `reason` may be among them.
    :param went_well: the other side was read, or has answered, and that is why the intent goes back: whatever had
        failed before has been overcome, so that only this reason is still in a row.
    """
    row = alike if reason in alike else (reason,)
    kept = {one: times for one, times in intent.repeats.items() if one in row or not went_well}
    return {**kept, reason: kept.get(reason, 0) + 1}


def in_a_row(repeats: Facts, *reasons: str) -> int:
    """How often these reasons have sent the intent back, taken together."""
    return sum(repeats.get(one, 0) for one in reasons)


def unexpected(what: str, errors: int) -> Held:
    """So many of them in a row that a person is asked."""
    return Held("unexpected_error", f"{what}, {errors} times in a row.")
