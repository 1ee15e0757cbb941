"""How far a ledger has come, and whether it can be the one that once came further: pure comparisons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal
from uuid import UUID

from integration.domain.facts import Fact, Moment

Contradiction = Literal["older_ledger", "another_ledger"]


class Mark(Fact):
    """How far a shop's ledger had come when it last wrote ahead a call that nobody may make twice.

    :param ledger_id: made with the ledger; a copy of a ledger bears the same.
    :param epoch: how often a person has taken a ledger for the right one after a recovery. The highest counts.
    :param sends: how many such calls were written ahead, in the order of their commits and without a gap.
    :param last_send: made anew for each of them, so that two ledgers which count alike are told apart.
    """

    ledger_id: UUID
    epoch: int = 0
    sends: int
    last_send: UUID | None = None
    at: Moment

    @property
    def says_nothing(self) -> bool:
        """No call was made yet that could be made twice."""
        return self.place == (0, 0)

    def is_at(self, other: Mark) -> bool:
        """Whether the same ledger left both, at the same call."""
        return (self.ledger_id, self.place, self.last_send) == (other.ledger_id, other.place, other.last_send)

    @property
    def place(self) -> tuple[int, int]:
        """The further a ledger has come, the greater."""
        return self.epoch, self.sends


def contradiction(mark: Mark, ours: Mark) -> Contradiction | None:
    """Why a ledger that stands at `ours` cannot be the one that left `mark`; None where it can.

    :param mark: read before `ours`, since a ledger is always ahead of the mark that it leaves.
    """
    if mark.says_nothing or mark.epoch < ours.epoch:  # in the second case a person has decided since
        return None
    if mark.ledger_id != ours.ledger_id:
        return "another_ledger"
    went_on_elsewhere = mark.place == ours.place and mark.last_send != ours.last_send
    return "older_ledger" if mark.place > ours.place or went_on_elsewhere else None


def lets_pass(mark: Mark | None, ours: Mark) -> bool:
    """Whether `ours` may take the place of `mark`, which never goes back."""
    if mark is None or mark.says_nothing or mark.epoch < ours.epoch:
        return True
    return mark.ledger_id == ours.ledger_id and mark.place < ours.place


def highest(marks: Iterable[Mark]) -> Mark | None:
    """The one that says most."""
    return max(marks, key=lambda mark: mark.place, default=None)
