"""Whether the ledger is in recovery, in the words that every surface shows."""

from __future__ import annotations

from typing import Any, NamedTuple

from integration.domain.high_water import contradiction
from integration.errors import BackhaulError
from integration.high_water import HighWaterMark
from integration.ledger.standing import FIRST_LOOK, NORMAL, mark_of, standing
from integration.ledger.store import Ledger, Tx
from integration.usecases.keep_mark import in_words

NEXT_STEP = "backhaul recover"
WITHHELD = "No refund, no return and no stock is sent; what is there is read."


class InRecovery(BackhaulError):
    """Nothing is sent that nobody may send twice."""


class RecoveryState(NamedTuple):
    reason: str
    detail: str
    facts: dict[str, Any]
    """As `--json` shows it."""

    @property
    def is_first_look(self) -> bool:
        """It ends by itself."""
        return self.reason == FIRST_LOOK


def recovery_state(tx: Tx) -> RecoveryState | None:
    """The recovery that the ledger is in; None where there is none."""
    row = standing(tx)
    if row is None or row.mode == NORMAL:
        return None
    facts = {
        "reason": row.reason,
        "detail": row.detail,
        "since": row.since,
        "gap_from": row.gap_from,
        "next_step": None if row.reason == FIRST_LOOK else NEXT_STEP,
    }
    return RecoveryState(row.reason or "", row.detail or "", facts)


def require_no_recovery(ledger: Ledger, marks: HighWaterMark) -> str:
    """That the ledger is the one that its mark was left by, in a sentence; changes nothing.

    :raises InRecovery: it is not, or a recovery goes on.
    """
    seen = marks.read()
    with ledger.read() as tx:
        row, state = standing(tx), recovery_state(tx)
        ours = None if row is None else mark_of(tx, row)
    if state is not None and not state.is_first_look:
        raise InRecovery(f"{state.detail} {WITHHELD}")
    for mark in seen:
        if ours is None and not mark.says_nothing:
            raise InRecovery(
                f"The ledger of shop {ledger.shop} has never been used, and the mark outside it tells of {mark.sends} "
                f"calls that another one made. {WITHHELD}"
            )
        if ours is not None and (why := contradiction(mark, ours)) is not None:
            raise InRecovery(f"{in_words(mark, why, ledger.shop, ours)} {WITHHELD}")
    if state is not None:
        return state.detail
    return "the ledger is not behind the mark that was left outside it" if seen else "no call was made yet"
