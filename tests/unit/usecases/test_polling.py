"""Polls keep to the published frequencies, and a watermark moves only when everything before it is stored."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from integration.errors import Retryable
from integration.ledger.marks import watermark
from integration.sandbox import SandboxClient
from integration.usecases.poll_orders import poll_orders
from integration.usecases.poll_returns import poll_returns
from integration.usecases.ports import Ports
from integration.usecases.read_verdict import poll_verdicts
from tests.inline_fleet import InlineFleet
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane

Poll = Callable[[Ports], str]
POLLS = pytest.mark.parametrize(("poll", "operation"), [(poll_returns, "RT11"), (poll_verdicts, "W2")])


def mark(fleet: InlineFleet, operation: str) -> object:
    with fleet.ports.ledger.read() as tx:
        return watermark(tx, operation)


@pytest.mark.parametrize("tier", ["shop", "external_partner"])
def test_a_ceiling_that_stays_closed_is_left_to_the_next_ring(
    start_fleet: StartFleet, sandbox: SandboxClient, tier: str
) -> None:
    ports = start_fleet(call_interval_scale=1.0, mirakl_tier=tier).ports
    assert poll_orders(ports) == "0 waiting, 0 new"
    assert poll_orders(ports) == "the ceiling is closed"
    assert sandbox.books()["calls"]["OR11"] == 1


@pytest.mark.crash_matrix(29)
def test_neither_two_beats_nor_a_restart_polls_more_often_than_the_ceiling_allows(
    start_fleet: StartFleet, sandbox: SandboxClient
) -> None:
    two = [start_fleet(call_interval_scale=1.0) for _ in range(2)]
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda fleet: poll_orders(fleet.ports), two * 2))
    assert told.count("0 waiting, 0 new") == 1
    assert set(told) - {"0 waiting, 0 new"} <= {"the ceiling is closed", "not due"}
    restarted = start_fleet(call_interval_scale=1.0)
    assert poll_orders(restarted.ports) == "the ceiling is closed"
    assert sandbox.books()["calls"]["OR11"] == 1


def test_a_ceiling_that_opens_in_a_moment_is_waited_for(fleet: InlineFleet, sandbox: SandboxClient) -> None:
    assert [poll_orders(fleet.ports) for _ in range(3)] == ["0 waiting, 0 new"] * 3
    assert sandbox.books()["ceiling_violations"] == {}


def test_a_429_ends_a_poll_and_closes_the_operation_for_all(fleet: InlineFleet, sandbox: SandboxClient) -> None:
    sandbox.add_fault("RT11", "status_before", status=429, retry_after=30, times=1)
    assert [poll_returns(fleet.ports) for _ in range(2)] == ["the ceiling is closed"] * 2
    assert sandbox.books()["calls"]["RT11"] == 1
    assert mark(fleet, "RT11") is None


@POLLS
def test_a_poll_that_fails_moves_no_watermark(
    fleet: InlineFleet, sandbox: SandboxClient, poll: Poll, operation: str
) -> None:
    poll(fleet.ports)
    before = mark(fleet, operation)
    assert before is not None
    sandbox.add_fault(operation, "status_before", status=503)
    with pytest.raises(Retryable):
        poll(fleet.ports)
    assert mark(fleet, operation) == before
    sandbox.clear_faults()
    poll(fleet.ports)
    assert mark(fleet, operation) != before


def test_what_a_failed_poll_missed_the_next_one_finds(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.sandbox.add_fault("RT11", "truncated_after", times=1)
    with pytest.raises(Retryable):
        poll_returns(lane.fleet.ports)
    lane.arrive(parcel)
