"""At the pace of production, on a clock that a test moves: how often the other sides are called, and how silence is
told."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from integration.errors import Retryable
from integration.ledger.tables import Intent
from integration.sandbox import SandboxClient, SandboxOptions
from integration.usecases.poll_orders import poll_orders
from integration.usecases.poll_returns import poll_returns
from integration.usecases.polling import CLOSED, NOT_DUE
from integration.usecases.ports import Ports
from integration.usecases.read_verdict import poll_verdicts
from integration.usecases.sweep import sweep
from integration.usecases.watch_silence import silent_polls, watch_silence
from tasks.schedule import LONGEST
from tests.inline_fleet import InlineFleet
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane
from tests.unit.usecases.mortal import Clock
from tests.unit.usecases.refund_stage import PRODUCTION_PACE

POLLS: dict[str, Callable[[Ports], str]] = {"OR11": poll_orders, "RT11": poll_returns, "W2": poll_verdicts}


@pytest.fixture
def options() -> SandboxOptions:
    return PRODUCTION_PACE


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    clock.rule(monkeypatch)
    return clock


class Beat:
    """Rings for the polls every five seconds, as Beat does; two of them ring twice."""

    def __init__(self, clock: Clock, *fleets: InlineFleet) -> None:
        self.clock, self.fleets = clock, fleets
        self.calls: defaultdict[str, list[float]] = defaultdict(list)
        """When each poll called the other side."""
        self.words: Counter[str] = Counter()

    def ring(self, seconds: float, *, work: bool = False, step: float = LONGEST) -> None:
        end = self.clock.passed + timedelta(seconds=seconds)
        while self.clock.passed < end:
            for fleet in self.fleets:
                for operation, poll in POLLS.items():
                    self._ring(fleet, operation, poll)
                if work:
                    sweep(fleet.ports)
                    while fleet.work():
                        pass
            self.clock.move(step)

    def _ring(self, fleet: InlineFleet, operation: str, poll: Callable[[Ports], str]) -> None:
        try:
            told = poll(fleet.ports)
        except Retryable:
            told = "failed"
        self.words[told] += 1
        if told not in (CLOSED, NOT_DUE):
            self.calls[operation].append(self.clock.passed.total_seconds())

    def apart(self, operation: str) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.calls[operation])]


def test_each_poll_is_made_once_in_its_period_whoever_rings(
    start_fleet: StartFleet, sandbox: SandboxClient, clock: Clock
) -> None:
    """P2: Reveni's list, which has no ceiling, is read every 300 s and not at each ring; so are all the others."""
    beat = Beat(clock, start_fleet(), start_fleet())
    beat.ring(640)
    restarted = Beat(clock, start_fleet())
    restarted.calls = beat.calls
    restarted.ring(280)
    for operation, period, number in (("OR11", 60, 15), ("RT11", 300, 4), ("W2", 300, 4)):
        assert all(period <= gap <= period + LONGEST + 1 for gap in beat.apart(operation)), operation
        assert sandbox.books()["calls"][operation] == len(beat.calls[operation]) >= number - 1


def test_the_external_partners_orders_are_read_every_fifteen_minutes(
    start_fleet: StartFleet, sandbox: SandboxClient, clock: Clock
) -> None:
    """P2: by the tier's own period."""
    beat = Beat(clock, start_fleet(mirakl_tier="external_partner"))
    beat.ring(LONGEST)
    beat.ring(850, step=50)
    beat.ring(60)
    assert len(beat.calls["OR11"]) == 2
    assert 900 <= beat.apart("OR11")[0] <= 906


@pytest.mark.parametrize("effect", ["truncated_after", "lost_before"])
def test_steps_of_unknown_outcome_share_the_calls_of_rt11_with_the_poll(
    start_fleet: StartFleet, sandbox: SandboxClient, clock: Clock, effect: str
) -> None:
    """P1: each call of RT11 is five minutes after the last; the poll has at least every second one; nobody waits long.

    A step that had its effect is shown by the poll. One that had none is asked for by its id, with all that wait.
    """
    fleet = start_fleet()
    lane = Lane(fleet, sandbox)
    beat = Beat(clock, fleet)
    parcels = [lane.send_back() for _ in range(3)]
    clock.move(1_200)  # the poll does not reach back to them by itself
    sandbox.add_fault("RT21", effect, times=1)
    beat.ring(LONGEST, work=True)
    with fleet.ports.ledger.read() as tx:
        unknown = tx.session.query(Intent).filter_by(kind="accept_return", state="unknown").count()
    assert unknown == 3
    beat.ring(1_400, work=True, step=25)
    assert all(lane.reveni_id(parcel) for parcel in parcels)
    assert sandbox.books()["calls"]["RT11"] == len(beat.calls["RT11"])
    assert all(gap >= 300 for gap in beat.apart("RT11"))
    assert beat.words["3 read back"] == (0 if effect == "truncated_after" else 1)
    assert lane.inbox() == set()


def test_a_read_back_waits_for_no_poll_that_does_not_come(
    start_fleet: StartFleet, sandbox: SandboxClient, clock: Clock
) -> None:
    """P1: where every poll fails, whoever waits is asked for by id all the same, in every second call at the most."""
    fleet = start_fleet()
    lane = Lane(fleet, sandbox)
    beat = Beat(clock, fleet)
    parcel = lane.send_back()
    sandbox.add_fault("RT21", "lost_before", times=1)
    beat.ring(LONGEST, work=True)
    sandbox.add_fault("RT11", "status_before", status=503, match="return_last_updated_from")
    beat.ring(1_500, work=True, step=50)
    assert lane.reveni_id(parcel) is not None


def test_a_poll_of_which_nothing_comes_is_told_once_and_again_after_it_was_well(
    start_fleet: StartFleet, sandbox: SandboxClient, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """S1: a revoked key, or a permanent 5xx: an age that grows, an alert, and no word of a fleet that was only away."""
    fleet = start_fleet()
    beat = Beat(clock, fleet)

    def watched(seconds: float) -> int:
        caplog.clear()
        for _ in range(int(seconds / 60)):
            beat.ring(60, step=30)
            watch_silence(fleet.ports)
        return [vars(record).get("alert") for record in caplog.records].count("poll_silent")

    with caplog.at_level(logging.ERROR):
        assert watched(120) == 0
        clock.move(86_400)  # away for a day
        watch_silence(fleet.ports)
        assert watched(120) == 0
        sandbox.add_fault("OR11", "status_before", status=401)
        assert watched(480) == 0
        assert watched(600) == 1
        with fleet.ports.ledger.read() as tx:
            [silent] = silent_polls(fleet.settings, tx)
        assert silent.name == "poll_orders"
        assert silent.seconds > 600
        assert "401" in (silent.failure or "")
        assert watched(300) == 0
        sandbox.clear_faults()
        assert watched(120) == 0
        sandbox.add_fault("OR11", "status_before", status=500)
        assert watched(900) == 1


def test_a_429_pauses_an_operation_without_a_ceiling_for_the_whole_fleet(
    start_fleet: StartFleet, sandbox: SandboxClient, clock: Clock
) -> None:
    """P3: the other process does not call W2 either, until the pause is over."""
    first, second = start_fleet(), start_fleet()
    sandbox.add_fault("W2", "status_before", status=429, retry_after=600, times=1)
    assert poll_verdicts(first.ports) == CLOSED
    clock.move(300)
    assert poll_verdicts(second.ports) == CLOSED
    assert sandbox.books()["calls"]["W2"] == 1
    clock.move(301)
    assert poll_verdicts(second.ports) == "0 seen"


@pytest.mark.parametrize("asked", [1_771_404_540, 10**30])
def test_an_absurd_pause_parks_no_order_beyond_fifteen_minutes(
    start_fleet: StartFleet, sandbox: SandboxClient, clock: Clock, asked: int
) -> None:
    """P4: `Retry-After` with an epoch date, or more than a date can hold."""
    fleet = start_fleet()
    sandbox.seed_orders(1)
    sandbox.add_fault("OR21", "status_before", status=429, retry_after=asked, times=1)
    beat = Beat(clock, fleet)
    beat.ring(LONGEST, work=True)
    assert set(sandbox.books()["orders"].values()) == {"WAITING_ACCEPTANCE"}
    beat.ring(1_000, work=True, step=40)
    assert "WAITING_ACCEPTANCE" not in sandbox.books()["orders"].values()


def test_a_pause_of_nothing_backs_off_all_the_same(
    start_fleet: StartFleet, sandbox: SandboxClient, clock: Clock
) -> None:
    """P4: `Retry-After: 0` for as long as it lasts."""
    fleet = start_fleet()
    sandbox.seed_orders(1)
    sandbox.add_fault("OR21", "status_before", status=429, retry_after=0)
    Beat(clock, fleet).ring(600, work=True, step=10)
    assert sandbox.books()["calls"]["OR21"] <= 12
