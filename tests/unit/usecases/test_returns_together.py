"""Several returns in one call to Mirakl: each has an answer, a fate and a record of its own."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest

from integration.ledger import intents
from integration.sandbox import SandboxClient
from integration.usecases import carry_out_together as module
from integration.usecases import keeping
from integration.usecases.catalogue import ACTS
from integration.usecases.poll_returns import poll_returns
from tests.inline_fleet import IMPATIENT
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane, Parcel
from tests.unit.usecases.returned import poll_until, row, until_held

TOGETHER = 4


def waiting(lane: Lane) -> list[Parcel]:
    """Returns that are mapped and of which none is accepted yet: their promises stand in the ledger."""
    parcels = [lane.send_back() for _ in range(TOGETHER)]
    poll_returns(lane.fleet.ports)
    lane.fleet.work()
    assert {row(lane, parcel).mirakl_state for parcel in parcels} == {"WAITING_ACCEPTANCE"}
    return parcels


def calls(lane: Lane, operation: str) -> list[set[str]]:
    """The returns of each call that came."""
    return [{one["id"] for one in json.loads(call["body"])["returns"]} for call in lane.sandbox.calls(operation)]


def ids(*parcels: Parcel) -> set[str]:
    return {parcel.return_id for parcel in parcels}


def no_step_was_illegal(lane: Lane) -> bool:
    return bool(lane.sandbox.books()["illegal_return_steps"] == 0)


def test_steps_that_are_due_together_go_in_one_call_each(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str
) -> None:
    lane = Lane(start_fleet(database_url), sandbox)
    lane.sandbox.seed_offers({"SKU-1": 5})
    parcels = waiting(lane)
    lane.arrive(*parcels)
    assert calls(lane, "RT21") == [ids(*parcels)]
    for parcel in parcels:
        lane.judge(parcel, rejected=1, reject_reason="defect")
    lane.until(lambda: {row(lane, parcel).state for parcel in parcels} == {"closed"})
    for operation in ("RT25", "RT26", "RT27"):
        assert sorted(map(len, calls(lane, operation))) == [TOGETHER], operation
    books = lane.sandbox.books()
    assert (books["illegal_return_steps"], books["repeated_return_steps"]) == (0, 0)


def test_one_bell_takes_along_whatever_else_is_due(lane: Lane) -> None:
    parcels = waiting(lane)
    bell, *others = [ring for ring in lane.fleet.take_rings() if ring.kind == "accept_return"]
    outcomes = module.carry_out_together(lane.fleet.ports, ACTS["accept_return"], [bell.intent_id], retry=IMPATIENT)
    assert outcomes == dict.fromkeys([bell.intent_id, *(ring.intent_id for ring in others)], "confirmed")
    assert calls(lane, "RT21") == [ids(*parcels)]


def test_an_error_in_the_answer_is_that_of_its_own_return(lane: Lane) -> None:
    accepted_by_hand, canceled, *others = waiting(lane)
    lane.sandbox.set_return_state(accepted_by_hand.return_id, "IN_PROGRESS")
    lane.sandbox.cancel_return(canceled.return_id)
    lane.until(lambda: bool(calls(lane, "RT21")))
    poll_until(lane, canceled, "canceled")
    lane.until(lambda: all(lane.reveni_id(parcel) for parcel in (accepted_by_hand, *others)))
    assert (lane.inbox(), lane.reveni_id(canceled)) == (set(), None)
    assert calls(lane, "RT21") == [ids(accepted_by_hand, canceled, *others)]


@pytest.mark.parametrize("fault", ["lost_after", "garbage_after", "truncated_after"])
def test_a_call_without_an_answer_is_settled_for_each_return_by_reading(lane: Lane, fault: str) -> None:
    parcels = waiting(lane)
    lane.sandbox.add_fault("RT21", fault, times=1)
    lane.arrive(*parcels)
    assert calls(lane, "RT21") == [ids(*parcels)]


def test_an_answer_that_leaves_one_out_is_none(lane: Lane) -> None:
    parcels = waiting(lane)
    body = {"return_success": [{"id": parcel.return_id} for parcel in parcels[1:]], "return_errors": []}
    lane.sandbox.add_fault("RT21", "status_before", status=200, body=body, times=1)
    lane.arrive(*parcels)
    assert no_step_was_illegal(lane)


@pytest.mark.parametrize(
    "fault",
    [{"kind": "lost_before"}, {"kind": "status_before", "status": 400}, {"kind": "status_before", "status": 500}],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
def test_after_a_call_that_failed_each_return_goes_alone(lane: Lane, fault: dict[str, Any]) -> None:
    parcels = waiting(lane)
    lane.sandbox.add_fault("RT21", times=1, **fault)
    lane.arrive(*parcels)
    together, *alone = calls(lane, "RT21")
    assert together == ids(*parcels)
    assert sorted(map(sorted, alone)) == sorted([parcel.return_id] for parcel in parcels)
    assert lane.inbox() == set()
    assert no_step_was_illegal(lane)


def test_a_return_that_no_call_can_bear_stops_no_other(lane: Lane) -> None:
    poison, *others = waiting(lane)
    lane.sandbox.add_fault("RT21", "status_before", status=400, match=poison.return_id)
    lane.arrive(*others)
    until_held(lane, poison, "accept_return_rejected")
    assert lane.inbox() == {("return", "accept_return_rejected")}


def test_calls_that_were_turned_away_go_together_again(lane: Lane) -> None:
    parcels = waiting(lane)
    lane.sandbox.add_fault("RT21", "status_before", status=429, retry_after=1, times=1)
    lane.arrive(*parcels)
    assert calls(lane, "RT21")[0] == ids(*parcels)
    assert lane.inbox() == set()


def test_a_line_that_cannot_be_assessed_keeps_its_own_return_only(lane: Lane) -> None:
    unmapped, *others = waiting(lane)
    lane.arrive(unmapped, *others)
    lane.judge(unmapped, rejected=1)  # and nobody said why
    for parcel in others:
        lane.judge(parcel, rejected=1, reject_reason="defect")
    lane.until(lambda: {row(lane, parcel).state for parcel in others} == {"closed"})
    until_held(lane, unmapped, "unmapped_reject_reason")
    assert calls(lane, "RT26") == [ids(*others)]


def test_claims_that_are_too_old_are_not_sent(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    class Standstills:
        """Whenever the process looks at its clock, it has stood still for an hour."""

        hours = count()

        def monotonic(self) -> float:
            return 3_600.0 * next(self.hours)

    parcels = waiting(lane)
    rings = [ring.intent_id for ring in lane.fleet.take_rings() if ring.kind == "accept_return"]
    with monkeypatch.context() as stopped:
        stopped.setattr(keeping, "time", Standstills())
        module.carry_out_together(lane.fleet.ports, ACTS["accept_return"], rings, retry=IMPATIENT)
    with lane.fleet.ports.ledger.read() as tx:
        promised = [intents.get(tx, one) for one in rings]
    assert {(one.state, one.reason, one.sends) for one in promised if one} == {("decided", "waiting_to_retry", 0)}
    assert calls(lane, "RT21") == []
    lane.arrive(*parcels)
