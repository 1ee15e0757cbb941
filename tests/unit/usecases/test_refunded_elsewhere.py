"""Mirakl knows of a refund that this ledger has not made: nobody pays the unit a second time, and a person decides."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from integration.ledger.journal import journal_of
from integration.ledger.refunds import Refund
from integration.ledger.returns import lock_return
from integration.ledger.reviews import reviews
from integration.ledger.tables import Intent, ReturnLineRow, ReturnRow
from integration.sandbox import SandboxClient
from integration.usecases.follow_refunds import follow_refunds
from integration.usecases.refusal import Refused
from integration.usecases.resolve_review import Verb, resolve_review
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane, Parcel


@pytest.fixture
def lane(start_fleet: StartFleet, sandbox: SandboxClient, database_url: str) -> Lane:
    sandbox.seed_offers({"SKU-1": 5})
    return Lane(start_fleet(database_url), sandbox)


def made(lane: Lane, parcel: Parcel) -> list[dict[str, Any]]:
    refunds: list[dict[str, Any]] = lane.sandbox.books()["refunds"].get(parcel.order_line_id, [])
    return refunds


def ours(lane: Lane, parcel: Parcel) -> list[Refund]:
    return [one for one in lane.refunds(parcel) if one.intent is not None]


def stands(lane: Lane, parcel: Parcel) -> list[tuple[str, str | None]]:
    return [(one.state, one.intent.reason if one.intent else None) for one in ours(lane, parcel)]


def until(lane: Lane, parcel: Parcel, *expected: tuple[str, str | None]) -> None:
    lane.until(lambda: stands(lane, parcel) == list(expected))


def until_paid(lane: Lane, parcel: Parcel) -> None:
    lane.until(lambda: [state for state, _ in stands(lane, parcel)] in (["confirmed"], ["refunded"]))


def say(lane: Lane, verb: Verb, refund_id: str | None = None) -> str:
    with lane.fleet.ports.ledger.read() as tx:
        (review,) = [one for one in reviews(tx) if one.kind == "refund"]
    return resolve_review(lane.fleet.ports, review.id, verb, note="looked", mirakl_refund_id=refund_id)


@pytest.mark.parametrize(("amount", "quantity"), [("25.00", 1), ("50.00", 2), ("3.00", 0)])
def test_a_refund_by_a_person_since_the_return_holds_ours_and_a_person_says_that_it_is_this_one(
    lane: Lane, amount: str, quantity: int
) -> None:
    """M1: whatever its amount and its units, it may be for what came back."""
    parcel = lane.send_back(1, quantity=4)
    by_hand = lane.sandbox.refund_externally(parcel.order_line_id, amount=amount, quantity=quantity)
    lane.come_back(parcel, accepted=1)
    until(lane, parcel, ("held", "refunded_elsewhere"))
    intent = ours(lane, parcel)[0].intent
    assert f"refund {by_hand}: {Decimal(amount)}" in str(intent and intent.detail)
    assert "OR28" not in lane.sandbox.books()["calls"]

    assert say(lane, "done", by_hand).endswith(f"is refund {by_hand} on Mirakl: confirmed.")
    until(lane, parcel, ("refunded", "confirmed_by_hand"))
    assert [one["refund_id"] for one in made(lane, parcel)] == [by_hand]
    assert lane.inbox() == set()


def test_a_person_says_that_it_is_for_something_else_and_ours_is_sent_once_for_each_unit(lane: Lane) -> None:
    """M1: the word counts for this line of this return, also for its next unit, and stands in the evidence."""
    parcel = lane.send_back(2, quantity=4)
    goodwill = lane.sandbox.refund_externally(parcel.order_line_id, amount="5.00", quantity=0)
    lane.come_back(parcel, accepted=1)
    until(lane, parcel, ("held", "refunded_elsewhere"))
    assert say(lane, "send_again").endswith("is worked out anew and sent within a minute.")
    until(lane, parcel, ("refunded", None))
    with lane.fleet.ports.ledger.read() as tx:
        entries = journal_of(tx, ours(lane, parcel)[0].row.id)
    assert [entry.evidence["others"] for entry in entries if "others" in entry.evidence] == [[goodwill]]

    lane.judge(parcel, accepted=1)
    until(lane, parcel, ("refunded", None), ("refunded", None))
    assert [str(one["amount"]) for one in made(lane, parcel)] == ["5.00", "25.00", "25.00"]

    lane.sandbox.refund_externally(parcel.order_line_id, amount="25.00", quantity=1)
    again = lane.send_back_from(parcel.order_id, parcel.order_line_id, 1)
    lane.come_back(again, accepted=1)  # what is older than this return is not for its unit
    lane.until(lambda: stands(lane, again)[-1] == ("held", "exceeds_remaining"))


@pytest.mark.parametrize("announced", ["unknown", "later"])
def test_what_has_no_date_may_be_for_the_unit_and_what_is_older_is_not(lane: Lane, announced: str) -> None:
    """M1: where Mirakl does not say when the return was announced, every refund that is not ours counts."""
    order_id, line = lane.deliver(4)
    lane.sandbox.refund_externally(line, amount="25.00", quantity=1)
    parcel = lane.send_back_from(order_id, line, 1)
    lane.arrive(parcel)
    if announced == "unknown":
        with lane.fleet.ports.ledger.write() as tx:
            tx.session.execute(update(ReturnRow).values(date_created=None))
    lane.judge(parcel, accepted=1)
    until(lane, parcel, ("held", "refunded_elsewhere") if announced == "unknown" else ("refunded", None))


def test_two_that_send_at_the_same_moment_are_shown_to_a_person_within_a_minute(lane: Lane) -> None:
    """M1: what somebody else made between our reading and our call cannot be stopped any more, but it is seen."""
    parcel = lane.send_back(1, quantity=4)
    lane.come_back(parcel, accepted=1)
    until_paid(lane, parcel)
    other = lane.sandbox.refund_externally(parcel.order_line_id, amount="25.00", quantity=1)
    with lane.fleet.ports.ledger.write() as tx:
        row = tx.session.merge(ours(lane, parcel)[0].row)
        row.look_at = tx.now
    follow_refunds(lane.fleet.ports)
    assert lane.inbox() == {("refund", "on_mirakl_but_not_ours")}
    with lane.fleet.ports.ledger.read() as tx:
        assert other in reviews(tx)[0].detail


@pytest.mark.parametrize("status", [401, 403, 429])
def test_whatever_came_back_once_bytes_had_left_is_looked_for_before_the_next_sending(lane: Lane, status: int) -> None:
    """M4: OR28 takes effect and answers as if nothing had been done."""
    parcel = lane.send_back(1, quantity=4)
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR28", "status_after", status=status, retry_after=1, times=1)
    lane.judge(parcel, accepted=1)
    until_paid(lane, parcel)
    assert (len(made(lane, parcel)), lane.sandbox.books()["calls"]["OR28"]) == (1, 1)


@pytest.mark.parametrize("status", [400, 404, 409])
def test_a_refusal_after_an_effect_pays_nothing_again(lane: Lane, status: int) -> None:
    """M4: of these, reading before the next sending finds a refund that this ledger does not know."""
    parcel = lane.send_back(1, quantity=4)
    lane.arrive(parcel)
    body = {"message": "Refund already in progress"}
    lane.sandbox.add_fault("OR28", "status_after", status=status, body=body, times=1)
    lane.judge(parcel, accepted=1)
    until(lane, parcel, ("held", "refunded_elsewhere"))
    assert (len(made(lane, parcel)), lane.sandbox.books()["calls"]["OR28"]) == (1, 1)


def test_a_list_of_refunds_that_is_left_out_proves_no_absence(lane: Lane) -> None:
    """M5: the answer is lost, and OR11 shows `refunds: null`: nothing is sent again, and the whole list settles it."""
    parcel = lane.send_back(1, quantity=4)
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR28", "lost_after", times=1)
    lane.judge(parcel, accepted=1)
    lane.work_until("push_refund", "unknown: outcome_unknown")
    lane.sandbox.add_fault("OR11", "fields_replaced", replace={"refunds": None})
    before = lane.sandbox.books()["calls"]["OR11"]
    lane.until(lambda: lane.sandbox.books()["calls"]["OR11"] > before + 4)
    assert [state for state, _ in stands(lane, parcel)] == ["unknown"]
    lane.sandbox.clear_faults()
    until_paid(lane, parcel)
    assert (len(made(lane, parcel)), lane.sandbox.books()["calls"]["OR28"]) == (1, 1)


@pytest.mark.parametrize("times", [1, None])
def test_nothing_is_sent_on_a_list_that_is_not_whole(lane: Lane, times: int | None) -> None:
    """M5: before the first sending as well; where it stays like that, a person is asked."""
    parcel = lane.send_back(1, quantity=4)
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR11", "fields_replaced", replace={"refunds": None}, times=times)
    lane.judge(parcel, accepted=1)
    if times == 1:
        until_paid(lane, parcel)
        return
    lane.until(lambda: stands(lane, parcel) == [("decided", "refunds_not_shown")])
    with lane.fleet.ports.ledger.write() as tx:
        tx.session.execute(update(Intent).values(created_at=tx.now.replace(year=2020)))
    until(lane, parcel, ("held", "refunds_not_shown"))
    assert "OR28" not in lane.sandbox.books()["calls"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mirakl_state": "CANCELED"}, "return_ended_early"),
        ({"mirakl_state": "CLOSED"}, "return_closed"),
        ({"held_reason": "quantities_shrank"}, "return_held"),
        ({}, "unmapped_return_reason"),
    ],
)
def test_nothing_is_sent_for_a_return_that_is_held_ended_or_not_mapped(
    lane: Lane, changes: dict[str, str], reason: str
) -> None:
    """M8: the refund was decided before; it is held with its reason."""
    parcel = lane.send_back(1, quantity=4)
    lane.arrive(parcel)
    lane.judge(parcel, accepted=1)
    lane.work_until("read_verdict", "confirmed")
    with lane.fleet.ports.ledger.write() as tx:
        row = lock_return(tx, parcel.return_id)
        assert row is not None
        for name, value in changes.items():
            setattr(row, name, value)
        if not changes:
            tx.session.execute(update(ReturnLineRow).values(refund_reason=None))
    until(lane, parcel, ("held", reason))
    assert "OR28" not in lane.sandbox.books()["calls"]


def test_a_refund_of_another_line_or_one_that_is_not_there_is_not_taken_for_it(lane: Lane) -> None:
    """M1: `--done --refund-id` names a refund on this very line."""
    parcel = lane.send_back(1, quantity=4)
    lane.sandbox.refund_externally(parcel.order_line_id, amount="25.00")
    lane.come_back(parcel, accepted=1)
    until(lane, parcel, ("held", "refunded_elsewhere"))
    with pytest.raises(Refused, match="OR11 shows no refund 999"):
        say(lane, "done", "999")
