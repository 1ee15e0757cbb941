"""A return on its way from Mirakl to Reveni and back to its end: made once, every step taken once."""

from __future__ import annotations

from typing import Any

import pytest

from integration.ledger import intents
from integration.sandbox import SandboxClient
from integration.usecases.poll_returns import poll_returns
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane, Parcel
from tests.unit.usecases.returned import poll_until, row, twins

AFTER_THE_EFFECT: list[dict[str, Any]] = [
    {"kind": "status_after", "status": 500}, {"kind": "lost_after"}, {"kind": "truncated_after"},
    {"kind": "garbage_after"}, {"kind": "late_effect", "seconds": 0.2, "answer_after": 0.1},
]  # fmt: skip
WITHOUT_EFFECT: list[dict[str, Any]] = [
    {"kind": "status_before", "status": 503}, {"kind": "lost_before"},
    {"kind": "status_before", "status": 429, "retry_after": 1},
]  # fmt: skip


def sends(lane: Lane, kind: str, parcel: Parcel) -> int:
    with lane.fleet.ports.ledger.read() as tx:
        intent = intents.find(tx, kind, parcel.return_id)
    assert intent is not None
    return intent.sends


def judged_to_the_end(lane: Lane, parcel: Parcel) -> None:
    lane.judge(parcel, accepted=1)
    lane.until(lambda: row(lane, parcel).state == "closed")


def test_a_return_is_accepted_made_in_reveni_and_closed_when_its_refund_is_confirmed(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str
) -> None:
    lane = Lane(start_fleet(database_url), sandbox)
    sandbox.seed_offers({"SKU-1": 5})
    parcel = lane.send_back(2, unit_price="25.00")
    lane.arrive(parcel)
    assert row(lane, parcel).state == "open"
    [twin] = twins(lane, parcel)
    [item] = twin["return_items"]
    assert (twin["type"], twin["mode"], twin["currency"]) == ("refund", "not_instant", "GBP")
    assert (twin["order"]["external_id"], item["external_id"]) == (parcel.order_id, parcel.order_line_id)
    assert (item["sku"], item["quantity"], item["unit_price"]) == ("SKU-1", 2, "25.0000")
    assert item["return_reason"] == "changed_mind"
    lane.judge(parcel, accepted=1)
    lane.until(lambda: sandbox.books()["returns"][parcel.return_id] == "RECEIVED")
    assert row(lane, parcel).state == "received"
    lane.judge(parcel, rejected=1, reject_reason="defect")
    lane.until(lambda: row(lane, parcel).state == "closed")
    books = sandbox.books()
    assert books["returns"][parcel.return_id] == "CLOSED"
    assert books["compliance"][parcel.return_id][parcel.order_line_id][0] == {
        "compliant": False, "non_compliance_reason_code": "RETURN_NON_COMPLIANT_DAMAGED_PRODUCT",
        "non_compliance_additional_info": None,
    }  # fmt: skip
    assert [refund["amount"] for refund in books["refunds"][parcel.order_line_id]] == [25]
    assert (books["illegal_return_steps"], books["repeated_return_steps"]) == (0, 0)
    assert lane.inbox() == set()


def test_a_return_of_which_everything_is_rejected_is_closed_without_a_refund(lane: Lane) -> None:
    parcel = lane.send_back(1)
    lane.come_back(parcel, rejected=1, reject_reason="wrong_product")
    lane.until(lambda: row(lane, parcel).state == "closed")
    assert lane.refunds(parcel) == []
    assert lane.sandbox.books()["refunds"] == {}


@pytest.mark.parametrize("fault", [*AFTER_THE_EFFECT, *WITHOUT_EFFECT], ids=lambda fault: fault["kind"])
def test_whatever_happens_to_the_call_there_is_one_return_in_reveni(lane: Lane, fault: dict[str, Any]) -> None:
    lane.sandbox.add_fault("W1", times=1, **fault)
    parcel = lane.send_back()
    lane.arrive(parcel)
    assert [twin["id"] for twin in twins(lane, parcel)] == [lane.reveni_id(parcel)]


def test_a_return_that_the_seller_accepts_by_hand_waits_for_that(
    start_fleet: StartFleet, sandbox: SandboxClient
) -> None:
    lane = Lane(start_fleet(return_acceptance="manual"), sandbox)
    parcel = lane.send_back()
    poll_returns(lane.fleet.ports)
    lane.turn()
    assert (row(lane, parcel).state, twins(lane, parcel)) == ("new", [])
    sandbox.set_return_state(parcel.return_id, "IN_PROGRESS")
    lane.arrive(parcel)
    assert "RT21" not in sandbox.books()["calls"]


@pytest.mark.parametrize(
    ("operation", "kind"),
    [("RT21", "accept_return"), ("RT25", "receive_return"), ("RT26", "assess_return"), ("RT27", "close_return")],
)
@pytest.mark.parametrize("fault", [{"kind": "lost_after"}, {"kind": "status_before", "status": 502}], ids=str)
def test_a_step_that_gets_no_answer_is_looked_for_and_taken_once(
    lane: Lane, operation: str, kind: str, fault: dict[str, Any]
) -> None:
    lane.sandbox.add_fault(operation, times=1, **fault)
    lane.sandbox.seed_offers({"SKU-1": 5})
    parcel = lane.send_back()
    lane.arrive(parcel)
    judged_to_the_end(lane, parcel)
    books = lane.sandbox.books()
    assert books["returns"][parcel.return_id] == "CLOSED"
    assert (books["illegal_return_steps"], books["repeated_return_steps"]) == (0, 0)
    assert sends(lane, kind, parcel) == (1 if fault["kind"] == "lost_after" else 2)


def test_a_step_that_somebody_else_took_is_success(lane: Lane) -> None:
    parcel = lane.send_back()
    poll_returns(lane.fleet.ports)
    lane.sandbox.set_return_state(parcel.return_id, "IN_PROGRESS")
    lane.arrive(parcel)
    assert lane.sandbox.books()["returns"][parcel.return_id] == "IN_PROGRESS"
    assert lane.inbox() == set()


def test_the_twin_of_a_return_that_ended_early_is_canceled(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.sandbox.cancel_return(parcel.return_id)
    lane.sandbox.add_fault("W5", "lost_after", times=1)
    poll_until(lane, parcel, "canceled")
    lane.until(lambda: row(lane, parcel).reveni_status == "cancelled")
    assert [twin["status"] for twin in twins(lane, parcel)] == ["cancelled"]
    assert lane.inbox() == set()


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_a_return_whose_parcel_never_came_is_canceled_on_mirakl_too(lane: Lane, status: str) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.sandbox.add_fault("RT29", "lost_after", times=1)
    lane.sandbox.set_reveni_return(parcel.return_id, fixed_status=status)
    lane.tell(parcel)
    lane.until(lambda: row(lane, parcel).state == "canceled")
    books = lane.sandbox.books()
    assert books["returns"][parcel.return_id] == "CANCELED"
    assert (books["illegal_return_steps"], books["repeated_return_steps"]) == (0, 0)
    assert [twin["status"] for twin in twins(lane, parcel)] == [status]
    assert lane.inbox() == set()


def test_a_return_that_ended_before_anybody_saw_it_is_only_written_down(lane: Lane) -> None:
    order_id = lane.sandbox.seed_order(
        state="RECEIVED", lines=[{"sku": "S", "quantity": 1, "unit_price": "1.00", "order_line_id": "X"}]
    )
    lines = [{"order_line_id": "X", "quantity": 1, "reason_code": "RETURN_CHANGED_MIND"}]
    parcel = Parcel(order_id, "X", lane.sandbox.open_return(order_id, lines, state="NO_RECEPTION"))
    poll_until(lane, parcel, "canceled")
    assert twins(lane, parcel) == []
