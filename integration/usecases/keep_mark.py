"""Hold the ledger against the mark that was left outside it: at every start, sweep and sending that counts."""

from __future__ import annotations

from typing import Any

from integration.domain.high_water import Contradiction, Mark, contradiction
from integration.errors import Retryable
from integration.high_water import HighWaterMark, MarkUnavailable
from integration.ledger.standing import (
    FIRST_LOOK,
    IN_RECOVERY,
    NORMAL,
    begin,
    count_sending,
    enter_recovery,
    mark_of,
    standing,
)
from integration.ledger.store import Ledger, Tx
from integration.ledger.tables import StandingRow
from integration.usecases.acts import Act, WaitsFor
from integration.usecases.hold_stock import hold_unknown_stock
from integration.usecases.ports import Ports

RECOVERY_PAUSE = 60.0
"""Seconds between two looks whether a recovery is over; whoever ends it rings for what waits."""


def compare_with_mark(ledger: Ledger, marks: HighWaterMark) -> StandingRow:
    """Where the ledger stands, after a look at its mark: a ledger that is older, or another, is in recovery from here.

    A mark that is missing, or behind, is raised.
    """
    seen = marks.read()  # before the ledger, which is always ahead of its mark
    with ledger.read() as tx:
        row = standing(tx)
    if row is None:
        with ledger.write() as tx:
            row = begin(tx)
    if row.mode != NORMAL and row.reason != FIRST_LOOK:
        return row
    with ledger.read() as tx:
        ours = mark_of(tx, row)
    for mark in seen:
        if (why := contradiction(mark, ours)) is not None:
            return _enter(ledger, mark, why)
    if len(seen) < marks.places or any(one.place != ours.place for one in seen):
        _raise_quietly(marks, ours)
    return row


def count_or_wait(ports: Ports, tx: Tx, act: Act[Any, Any]) -> Mark | None:
    """Count a sending that is written ahead in this transaction: the mark that it is to leave, if it leaves one.

    :raises WaitsFor: the ledger is in recovery, and this is not sent then.
    """
    if not act.withheld_in_recovery:
        return None
    mark = count_sending(tx)
    if mark is None:
        raise WaitsFor(IN_RECOVERY, ports.settings.scaled(RECOVERY_PAUSE))
    return mark


def leave_mark(ports: Ports, ours: Mark | None) -> None:
    """Raise the mark to a sending that is committed and has not begun.

    :raises MarkUnavailable: it can be kept nowhere.
    :raises Retryable: the mark says that this ledger is older than what its fleet has done, or another one. It is in
        recovery from here, and nothing may leave.
    """
    if ours is None:
        return
    ledger = ports.ledger
    obstacle = ports.mark.raise_to(ours)
    if obstacle is None:
        return
    why = contradiction(obstacle, ours)
    if (
        why == "older_ledger" and obstacle.place > ours.place
    ):  # or another process has counted on, and was faster with its mark
        with ledger.read() as tx:
            row = standing(tx)
            why = contradiction(obstacle, ours if row is None else mark_of(tx, row))
    if why is not None:
        _enter(ledger, obstacle, why)
        raise Retryable("The ledger is in recovery: see `backhaul recover`")


def in_words(mark: Mark, why: Contradiction, shop: str, ours: Mark) -> str:
    """What the comparison came to, for a person."""
    left = f"{mark.sends} calls by {mark.at:%Y-%m-%d %H:%M:%S} UTC"
    if why == "older_ledger":
        return (
            f"The ledger of shop {shop} is older than what its fleet has done: it knows of {ours.sends} calls that may "
            f"be made once only, and the mark outside it tells of {left}. It is a backup, or an old copy."
        )
    return (
        f"The ledger of shop {shop} is not the one that its fleet worked with: the mark outside it tells of {left}, "
        "made on another ledger. It was emptied or exchanged, or a second fleet works for this shop."
    )


def _enter(ledger: Ledger, mark: Mark, why: Contradiction) -> StandingRow:
    with ledger.write() as tx:
        row = begin(tx)
        ours = mark_of(tx, row)
        if (row.mode == NORMAL or row.reason == FIRST_LOOK) and contradiction(mark, ours) is not None:
            enter_recovery(tx, row, reason=why, detail=in_words(mark, why, ledger.shop, ours), mark=mark)
            hold_unknown_stock(tx)
        return row


def _raise_quietly(marks: HighWaterMark, ours: Mark) -> None:
    """Nothing is sent now: whoever sends next has to leave the mark, or does not send."""
    if ours.says_nothing:
        return
    try:
        marks.raise_to(ours)
    except MarkUnavailable:
        return
