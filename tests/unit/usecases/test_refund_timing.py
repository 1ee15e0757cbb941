"""What lands late, and what is turned away for an hour, at the pace of production on a clock that the test moves."""

from __future__ import annotations

import logging
from itertools import pairwise
from typing import Any

import pytest

from integration.ledger.refunds import Refund
from integration.ledger.reviews import reviews
from integration.sandbox import SandboxOptions
from integration.usecases.ingest_transactions import ingest_transactions
from integration.usecases.review_differences import review_differences
from tests.unit.usecases.refund_stage import LINES, PRODUCTION_PACE, Stage

LINE = LINES[0]
DEADLINE, HOUR, DAY = 20.0, 3_600.0, 86_400.0
MARGIN = 11 * 60.0
"""Seconds, counted from when a call was given up, in which it may land and no second one is sent: the settling time and
the ten minutes between two looks."""


@pytest.fixture
def options() -> SandboxOptions:
    return PRODUCTION_PACE


def a_call_is_held_up(stage: Stage) -> None:
    """A unit's refund is sent, and given up at its deadline; it is still on its way."""
    stage.reset()
    stage.next_is_late = True
    stage.sandbox.add_fault("OR28", "lost_before", times=1)
    stage.accept(LINE)
    stage.clock.move(DEADLINE)
    stage.deliver_all()
    assert len(stage.truth.on_its_way) == 1


def pass_time(stage: Stage, seconds: float, *, step: float = 20.0) -> None:
    """Time passes, with a sweep every `step` seconds, and whatever is rung for is done."""
    while seconds > 0:
        stage.wait(min(step, seconds))
        stage.deliver_all()
        seconds -= step


def ours(stage: Stage) -> Refund:
    (refund,) = stage.refunds()
    return refund


def sent(stage: Stage) -> int:
    return int(stage.sandbox.books()["calls"]["OR28"])


@pytest.mark.crash_matrix(13)
@pytest.mark.parametrize("after", [5.0, 70.0, MARGIN - 30])
def test_a_call_that_lands_late_is_found_and_not_sent_again(stage: Stage, after: float) -> None:
    a_call_is_held_up(stage)
    pass_time(stage, after)
    stage.land()
    pass_time(stage, 2 * MARGIN)
    assert (ours(stage).state, ours(stage).row.mirakl_refund_id) == ("confirmed", *stage.ids())
    assert sent(stage) == 2  # the other one is the sandbox's, of the same call


@pytest.mark.crash_matrix(14)
def test_a_call_that_lands_after_everybody_has_looked_twice_is_shown_to_a_person(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    a_call_is_held_up(stage)
    pass_time(stage, MARGIN + 30)
    stage.land()
    pass_time(stage, MARGIN)
    confirmed = ours(stage).row.mirakl_refund_id
    (stray,) = stage.ids() - {confirmed}
    assert len(stage.made()[LINE]) == 2
    pass_time(stage, 2 * DAY, step=HOUR)  # of a newer refund the account could not show a line yet
    with caplog.at_level(logging.ERROR):
        ingest_transactions(stage.fleet.ports)
        review_differences(stage.fleet.ports)
    with stage.fleet.ports.ledger.read() as tx:
        (review,) = [one for one in reviews(tx) if one.reason == "on_mirakl_but_not_ours"]
    assert stray in review.detail
    assert "on_mirakl_but_not_ours" in caplog.text


@pytest.mark.crash_matrix(16)
@pytest.mark.parametrize(
    ("fault", "reason", "least_apart", "calls"),
    [
        ({"status": 401}, "credentials_refused", 300.0, 13),
        ({"status": 403}, "credentials_refused", 300.0, 13),
        ({"status": 429, "retry_after": 180}, "too_many_calls", 180.0, 21),
        ({"status": 429}, "too_many_calls", 5.0, 15),
    ],
    ids=["401", "403", "429 that says how long", "429"],
)
def test_a_refund_that_is_turned_away_for_an_hour_is_made_once_afterwards(
    stage: Stage, fault: dict[str, Any], reason: str, least_apart: float, calls: int, caplog: pytest.LogCaptureFixture
) -> None:
    stage.reset()
    stage.sandbox.add_fault("OR28", "status_before", **fault)
    stage.accept(LINE)
    pass_time(stage, HOUR)
    intent = ours(stage).intent
    assert intent is not None
    assert (intent.state, intent.reason, intent.sends) == ("decided", reason, 0)
    assert 3 < len(stage.truth.left) <= calls
    assert all(later - earlier >= least_apart for earlier, later in pairwise(stage.truth.left))
    alerts = [vars(one).get("alert") for one in caplog.records]
    assert ("credentials_refused" in alerts) == (reason == "credentials_refused")
    stage.sandbox.clear_faults()
    pass_time(stage, HOUR)
    assert (ours(stage).state, len(stage.made()[LINE])) == ("confirmed", 1)
