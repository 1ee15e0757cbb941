"""Whether a ledger can be the one that left a mark."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from integration.domain.high_water import Mark, contradiction, lets_pass

OURS, THEIRS, A_SEND, ANOTHER = (UUID(int=number) for number in range(1, 5))


def mark(sends: int, *, ledger_id: UUID = OURS, epoch: int = 0, last_send: UUID = A_SEND) -> Mark:
    at = datetime(2026, 11, 28, tzinfo=UTC)
    return Mark(ledger_id=ledger_id, epoch=epoch, sends=sends, last_send=last_send, at=at)


@pytest.mark.parametrize(
    ("left", "why"),
    [
        (mark(0, ledger_id=THEIRS), None),  # whoever it was has sent nothing
        (mark(4), None),  # a process died between its commit and its mark
        (mark(5), None),
        (mark(6), "older_ledger"),
        (mark(5, last_send=ANOTHER), "older_ledger"),  # a copy that has gone on where the other one did
        (mark(1, ledger_id=THEIRS), "another_ledger"),
        (mark(1, epoch=1), "older_ledger"),  # from before a person decided
        (mark(0, ledger_id=THEIRS, epoch=1), "another_ledger"),
    ],
)
def test_a_ledger_that_has_sent_five_times_is_held_against_a_mark(left: Mark, why: str | None) -> None:
    """M1, M2: a ledger is refused its mark where it knows of less, or where another one left it."""
    assert contradiction(left, mark(5)) == why
    if why is not None:
        assert not lets_pass(left, mark(5))


def test_a_person_who_takes_a_ledger_for_the_right_one_takes_every_other_mark_back() -> None:
    """M2: what was recovered once is not in recovery again for the mark that it was recovered from."""
    for left in (mark(99), mark(99, ledger_id=THEIRS)):
        assert contradiction(left, mark(5, epoch=1)) is None
        assert lets_pass(left, mark(5, epoch=1))
