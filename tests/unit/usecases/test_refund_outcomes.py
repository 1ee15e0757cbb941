"""Whatever becomes of an OR28 call, the books of the marketplace show each refund once, and the ledger says which."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from integration.ledger import intents
from integration.ledger.journal import journal_of
from integration.ledger.reviews import reviews
from integration.ledger.tables import Intent
from integration.sandbox import SandboxClient
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane, Parcel

Faults = dict[str, dict[str, Any]]

LANDED: Faults = {
    "the connection closed": {"kind": "lost_after"},
    "500": {"kind": "status_after", "status": 500},
    "504": {"kind": "status_after", "status": 504},
    "half an answer": {"kind": "truncated_after"},
    "no JSON": {"kind": "garbage_after"},
    "an effect that comes late": {"kind": "late_effect", "seconds": 0.1, "answer_after": 0.0},
}
WITHOUT_EFFECT: Faults = {
    "the connection closed": {"kind": "lost_before"},
    "500": {"kind": "status_before", "status": 500},
    "no answer at all": {"kind": "hang"},
}
TURNED_AWAY: Faults = {
    "429": {"kind": "status_before", "status": 429, "retry_after": 1},
    "401": {"kind": "status_before", "status": 401},
}
UNKNOWN = "unknown: outcome_unknown"


def made(lane: Lane, parcel: Parcel) -> list[tuple[str, Decimal]]:
    """Id and amount of every refund of the line in the sandbox's own books."""
    return [(one["refund_id"], one["amount"]) for one in lane.sandbox.books()["refunds"].get(parcel.order_line_id, [])]


def intent_of(lane: Lane, parcel: Parcel) -> Intent:
    (refund,) = [one for one in lane.refunds(parcel) if one.intent is not None]
    assert refund.intent is not None
    return refund.intent


def spoil(lane: Lane, faults: Faults) -> dict[str, Parcel]:
    """For each fault a parcel whose refund meets it, accepted by the warehouse."""
    parcels = {name: lane.send_back() for name in faults}
    lane.arrive(*parcels.values())
    for name, parcel in parcels.items():
        lane.sandbox.add_fault("OR28", times=1, match=f'"{parcel.order_line_id}"', **faults[name])
        lane.judge(parcel, accepted=1)
    return parcels


def until_confirmed(lane: Lane, count: int) -> None:
    lane.until(lambda: [one.state in ("confirmed", "refunded") for one in lane.refunds()] == [True] * count)


def outcomes(lane: Lane, parcels: dict[str, Parcel]) -> dict[str, tuple[bool, int]]:
    """Once everything is confirmed: whether the ledger names the one refund in the books, and how often it was sent."""
    until_confirmed(lane, len(parcels))
    found = {}
    for name, parcel in parcels.items():
        (refund,) = lane.refunds(parcel)
        once = made(lane, parcel) == [(refund.row.mirakl_refund_id, Decimal("25.00"))]
        found[name] = (once and refund.row.amount == Decimal("25.00"), intent_of(lane, parcel).sends)
    return found


@pytest.mark.crash_matrix(10)
def test_a_refund_whose_answer_was_lost_is_found_on_mirakl_and_not_sent_again(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str
) -> None:
    lane = Lane(start_fleet(database_url), sandbox)
    assert outcomes(lane, spoil(lane, LANDED)) == dict.fromkeys(LANDED, (True, 1))
    assert lane.sandbox.books()["calls"]["OR28"] == len(LANDED)


@pytest.mark.crash_matrix(11)
def test_a_refund_without_effect_is_sent_once_more_after_two_reads_that_did_not_find_it(lane: Lane) -> None:
    parcels = spoil(lane, WITHOUT_EFFECT)
    assert outcomes(lane, parcels) == dict.fromkeys(WITHOUT_EFFECT, (True, 2))
    assert lane.sandbox.books()["calls"]["OR28"] == 2 * len(WITHOUT_EFFECT)
    with lane.fleet.ports.ledger.read() as tx:
        told = [entry.to_state for entry in journal_of(tx, intent_of(lane, parcels["500"]).id)]
    once = ["decided", "claimed", "claimed"]
    assert told == [*once, "unknown", "unknown", *once, "confirmed"]


def test_a_refund_that_was_turned_away_counts_as_never_sent(lane: Lane) -> None:
    assert outcomes(lane, spoil(lane, TURNED_AWAY)) == dict.fromkeys(TURNED_AWAY, (True, 1))


def test_a_refund_is_unknown_as_long_as_mirakl_was_not_read(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR28", "lost_after", times=1)
    lane.judge(parcel, accepted=1)
    lane.work_until("push_refund", UNKNOWN)
    assert [one.state for one in lane.refunds()] == ["unknown"]
    assert len(made(lane, parcel)) == 1

    lane.sandbox.add_fault("OR11", "status_before", status=503, match=parcel.order_id)
    lane.until(lambda: len([one for one in lane.fleet.outcomes if one[1].startswith("unknown again")]) > 2)
    assert [one.state for one in lane.refunds()] == ["unknown"]
    lane.sandbox.clear_faults()
    assert outcomes(lane, {"found": parcel}) == {"found": (True, 1)}


def test_an_effect_that_shows_just_before_the_second_sending_is_found(lane: Lane) -> None:
    parcel = spoil(lane, {"500": WITHOUT_EFFECT["500"]})["500"]
    lane.work_until("push_refund", "decided again in 0.0 s: not_found")
    landed = lane.sandbox.refund_externally(parcel.order_line_id, amount="25.00")
    until_confirmed(lane, 1)
    assert [one.row.mirakl_refund_id for one in lane.refunds()] == [landed]
    assert (len(made(lane, parcel)), lane.sandbox.books()["calls"]["OR28"]) == (1, 1)


def test_a_second_sending_without_an_answer_is_left_to_a_person(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR28", "status_before", status=500)
    lane.judge(parcel, accepted=1)
    lane.until(lambda: ("refund", "unknown_outcome") in lane.inbox())
    assert (lane.sandbox.books()["calls"]["OR28"], made(lane, parcel)) == (2, [])

    lane.sandbox.clear_faults()
    assert lane.replay("refund", lane.refunds()[0].row.id).applied
    lane.until(lambda: intent_of(lane, parcel).state == "held")
    assert (lane.sandbox.books()["calls"]["OR28"], made(lane, parcel)) == (2, [])


@pytest.mark.crash_matrix(15)
@pytest.mark.parametrize("words", ["Refund already in progress", "The order line is already refunded"])
def test_a_refusal_of_the_second_sending_is_not_believed(lane: Lane, words: str) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR28", "status_before", status=500, times=1)
    lane.sandbox.add_fault("OR28", "status_before", status=400, body={"message": words})
    lane.judge(parcel, accepted=1)
    lane.work_until("push_refund", "unknown: rejected")
    landed = lane.sandbox.refund_externally(parcel.order_line_id, amount="25.00")
    until_confirmed(lane, 1)
    assert [one.row.mirakl_refund_id for one in lane.refunds()] == [landed]


@pytest.mark.crash_matrix(25)
def test_two_refunds_that_could_each_be_ours_are_left_to_a_person(lane: Lane) -> None:
    parcel = lane.send_back(1, quantity=3)
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR28", "lost_after", times=1)
    lane.judge(parcel, accepted=1)
    lane.work_until("push_refund", UNKNOWN)
    lane.sandbox.refund_externally(parcel.order_line_id, amount="25.00")
    lane.until(lambda: ("refund", "ambiguous_refund") in lane.inbox())
    assert (len(made(lane, parcel)), lane.sandbox.books()["calls"]["OR28"]) == (2, 1)


def test_an_answer_for_something_else_is_held_and_never_replayed_blindly(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR28", "wrong_answer", times=1)
    lane.judge(parcel, accepted=1)
    lane.until(lambda: ("refund", "answer_differs") in lane.inbox())
    assert lane.replay("refund", lane.refunds()[0].row.id).steps == ()
    lane.turn()
    assert (intent_of(lane, parcel).state, lane.sandbox.books()["calls"]["OR28"]) == ("held", 1)


@pytest.mark.crash_matrix(26)
@pytest.mark.parametrize(
    "difference",
    [
        {"order_line_id": "L-9"},
        {"amount": "24.00"},
        {"shipping_amount": "1.00"},
        {"quantity": 2},
        {"reason_code": "15"},
        {"currency_iso_code": "EUR"},
    ],
    ids=lambda difference: next(iter(difference)),
)
def test_an_answer_that_differs_in_anything_is_held_with_both_sides(lane: Lane, difference: dict[str, Any]) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR28", "wrong_answer", times=1, replace=difference)
    lane.judge(parcel, accepted=1)
    lane.until(lambda: ("refund", "answer_differs") in lane.inbox())
    (refund,) = [one for one in lane.refunds() if one.intent is not None]
    assert (refund.state, refund.row.mirakl_refund_id) == ("held", None)
    with lane.fleet.ports.ledger.read() as tx:
        (review,) = [one for one in reviews(tx) if one.kind == "refund"]
    assert {"asked", "answered"} <= review.evidence.keys()
    assert len(made(lane, parcel)) == 1


@pytest.mark.crash_matrix(26)
def test_an_answer_with_the_id_of_another_refund_of_ours_is_held(lane: Lane) -> None:
    parcel = lane.send_back(2)
    lane.arrive(parcel)
    lane.judge(parcel, accepted=1)
    until_confirmed(lane, 1)
    ((first, _),) = made(lane, parcel)
    lane.sandbox.add_fault("OR28", "wrong_answer", times=1, replace={"refund_id": first})
    lane.judge(parcel, accepted=1)
    lane.until(lambda: ("refund", "answer_differs") in lane.inbox())
    assert [one.row.mirakl_refund_id for one in lane.refunds() if one.state == "held"] == [None]


@pytest.mark.crash_matrix(26)
@pytest.mark.parametrize("answered", [0, 2])
def test_an_answer_for_none_or_for_several_is_no_answer_and_reading_settles_it(lane: Lane, answered: int) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    one = {"refund_id": "7", "amount": 25, "shipping_amount": 0, "order_line_id": parcel.order_line_id}
    fault = {"status": 200, "body": {"order_tax_mode": "TAX_INCLUDED", "refunds": [one] * answered}}
    lane.sandbox.add_fault("OR28", "status_after", times=1, **fault)
    lane.judge(parcel, accepted=1)
    lane.work_until("push_refund", UNKNOWN)
    assert outcomes(lane, {"read": parcel}) == {"read": (True, 1)}


@pytest.mark.crash_matrix(24)
def test_of_two_returns_of_one_order_only_one_refund_is_in_flight(lane: Lane) -> None:
    first = lane.send_back(1, quantity=2)
    second = lane.send_back_from(first.order_id, first.order_line_id)
    lane.arrive(first, second)
    lane.sandbox.add_fault("OR28", "lost_after", times=1)
    for parcel in (first, second):
        lane.judge(parcel, accepted=1)
    lane.work_until("push_refund", UNKNOWN)
    assert [one.state for one in lane.refunds()] == ["unknown", "decided"]
    with lane.fleet.ports.ledger.write() as tx:
        assert intents.claim(tx, lane.refunds()[1].row.id, lease=60) is None
    assert lane.sandbox.books()["calls"]["OR28"] == 1

    until_confirmed(lane, 2)
    ids = {one.row.mirakl_refund_id for one in lane.refunds()}
    assert {refund_id for refund_id, _ in made(lane, first)} == ids
    assert len(ids) == 2


def test_a_line_that_is_gone_when_its_refund_is_looked_for_is_left_to_a_person(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR28", "lost_after", times=1)
    lane.judge(parcel, accepted=1)
    lane.work_until("push_refund", UNKNOWN)
    body = {"orders": [{"order_id": parcel.order_id, "order_lines": []}], "total_count": 1}
    lane.sandbox.add_fault("OR11", "status_before", status=200, body=body)
    lane.until(lambda: ("refund", "order_line_not_in_order") in lane.inbox())
    assert (len(made(lane, parcel)), lane.sandbox.books()["calls"]["OR28"]) == (1, 1)
