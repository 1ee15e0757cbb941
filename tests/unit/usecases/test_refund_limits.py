"""A refund above its currency's limit is held before anything is sent, and a person's approval releases so much."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import update

from integration.ledger.journal import journal_of
from integration.ledger.refunds import Refund
from integration.ledger.reviews import reviews
from integration.ledger.tables import Intent, ReturnLineRow
from integration.sandbox import SandboxClient
from integration.usecases.next_steps import next_steps
from integration.usecases.resolve_review import resolve_review
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane, Parcel

UNKNOWN = "unknown: outcome_unknown"


@pytest.fixture
def lane(start_fleet: StartFleet, sandbox: SandboxClient) -> Lane:
    """Refunds above 40.00 GBP wait for approval."""
    sandbox.seed_offers({"SKU-1": 5})
    return Lane(start_fleet(refund_hold_above="GBP:40"), sandbox)


def only(lane: Lane) -> Refund:
    (ours,) = [one for one in lane.refunds() if one.intent is not None]
    return ours


def intent_of(lane: Lane) -> Intent:
    intent = only(lane).intent
    assert intent is not None
    return intent


def until_held(lane: Lane) -> None:
    lane.until(lambda: ("refund", "refund_above_limit") in lane.inbox())


def approve(lane: Lane, **facts: str) -> str:
    with lane.fleet.ports.ledger.read() as tx:
        review_id: UUID = reviews(tx)[0].id
    return resolve_review(lane.fleet.ports, review_id, "approve", note="", **facts)


def sent(lane: Lane) -> int:
    calls: int = lane.sandbox.books()["calls"].get("OR28", 0)
    return calls


def made(lane: Lane, parcel: Parcel) -> list[Decimal]:
    return [one["amount"] for one in lane.sandbox.books()["refunds"].get(parcel.order_line_id, [])]


def test_a_refund_at_its_limit_is_sent_and_one_above_it_waits_for_approval(lane: Lane) -> None:
    small, large = lane.send_back(unit_price="40.00"), lane.send_back(2)
    lane.arrive(small, large)
    lane.judge(small, accepted=1)
    lane.judge(large, accepted=2)
    until_held(lane)
    lane.until(lambda: made(lane, small) == [Decimal("40.00")])
    assert (made(lane, large), sent(lane)) == ([], 1)
    ((held, _),) = lane.refunds(large)
    assert held.calculation is not None
    assert held.calculation["asked"]["amount"] == "50.00"

    assert "all refunds of its return may come to 50.00 GBP" in approve(lane, by="finance")
    lane.until(lambda: made(lane, large) == [Decimal("50.00")])
    with lane.fleet.ports.ledger.read() as tx:
        (given,) = [entry for entry in journal_of(tx, held.id) if entry.reason == "approved"]
    assert given.hash is not None
    assert (given.who, given.evidence["by"]) == ("test", "finance")
    assert given.evidence["approved"] == {"total": "50.00", "currency": "GBP"}


def test_a_currency_without_a_limit_waits_for_approval_too(lane: Lane) -> None:
    lane.come_back(lane.send_back(order={"currency": "EUR"}, unit_price="1.00"), accepted=1)
    until_held(lane)
    assert sent(lane) == 0
    assert "may come to 1.00 EUR" in approve(lane)


def test_more_than_was_approved_is_held_again(lane: Lane) -> None:
    order_id, line = lane.deliver(4)
    external = lane.sandbox.refund_externally(line, amount="0.01", quantity=0)
    parcel = lane.come_back(lane.send_back_from(order_id, line, 2), accepted=2)
    until_held(lane)
    approve(lane)
    with lane.fleet.ports.ledger.write() as tx:  # the warehouse's correction: three units are due by now
        tx.session.merge(only(lane).row).quantity = 3
        tx.session.execute(update(ReturnLineRow).values(accepted=3))
    lane.until(lambda: ("refund", "refund_above_limit") in lane.inbox())
    assert "50.00 GBP were approved" in (intent_of(lane).detail or "")
    assert [one["refund_id"] for one in lane.sandbox.books()["refunds"][parcel.order_line_id]] == [external]

    approve(lane)
    lane.until(lambda: Decimal("75.00") in made(lane, parcel))


def test_a_replay_alone_does_not_release_it_and_a_higher_limit_does(
    lane: Lane, start_fleet: StartFleet, sandbox: SandboxClient
) -> None:
    parcel = lane.come_back(lane.send_back(2), accepted=2)
    until_held(lane)
    assert lane.replay("refund", only(lane).row.id).applied
    until_held(lane)
    assert sent(lane) == 0
    generous = Lane(start_fleet(refund_hold_above="GBP:50"), sandbox)
    assert generous.replay("refund", only(lane).row.id).applied
    generous.until(lambda: made(lane, parcel) == [Decimal("50.00")])


def test_a_second_sending_that_is_above_the_limit_by_then_is_looked_for_first_when_it_is_approved(
    lane: Lane, start_fleet: StartFleet, sandbox: SandboxClient
) -> None:
    free = Lane(start_fleet(), sandbox)
    parcel = free.send_back(2)
    free.arrive(parcel)
    sandbox.add_fault("OR28", "lost_before", times=1)
    free.judge(parcel, accepted=2)
    free.work_until("push_refund", UNKNOWN)
    until_held(lane)
    landed = sandbox.refund_externally(parcel.order_line_id, amount="50.00", quantity=2)
    approve(lane)
    lane.until(lambda: only(lane).state in ("confirmed", "refunded"))
    assert (only(lane).row.mirakl_refund_id, sent(lane)) == (landed, 1)


def test_units_that_are_judged_one_by_one_pass_no_limit_that_they_would_not_pass_together(
    start_fleet: StartFleet, sandbox: SandboxClient
) -> None:
    """M9: 3 × 100.00 with a limit of 250.00: the third waits, and an approval is about all of the return."""
    sandbox.seed_offers({"SKU-1": 5})
    lane = Lane(start_fleet(refund_hold_above="GBP:250"), sandbox)
    parcel = lane.send_back(4, unit_price="100.00")
    lane.arrive(parcel)
    for unit in (1, 2):
        lane.judge(parcel, accepted=1)
        lane.until(lambda: made(lane, parcel) == [Decimal("100.00")] * unit)  # noqa: B023 - called in this turn
    sandbox.set_balance(payable="0", pending="0")  # what waits for its money is sent without a further word
    lane.judge(parcel, accepted=1)
    until_held(lane)
    lane.judge(parcel, accepted=1)
    lane.until(lambda: [one.state for one in lane.refunds(parcel)].count("held") == 2)
    with lane.fleet.ports.ledger.read() as tx:
        third, fourth = reviews(tx)
    assert third.detail.startswith("A refund of 100.00 GBP, with which its return comes to 300.00 GBP in all, needs")
    assert "comes to 300.00 GBP in all" in fourth.detail  # of the two that are held, neither is certain to be paid

    for held in (third, fourth):
        resolve_review(lane.fleet.ports, held.id, "approve", note="")
    lane.until(lambda: ("refund", "refund_above_limit") in lane.inbox())
    sandbox.set_balance(payable="1000")
    lane.until(lambda: len(made(lane, parcel)) == 3)
    with lane.fleet.ports.ledger.read() as tx:
        (again,) = reviews(tx)
        assert "comes to 400.00 GBP in all, needs approval: the limit is 250.00 GBP, and 300.00" in again.detail
        (step, *_) = next_steps(again)
    assert step.when == "its return may come to 400.00 GBP in all"
    resolve_review(lane.fleet.ports, again.id, "approve", note="")
    lane.until(lambda: made(lane, parcel) == [Decimal("100.00")] * 4)
    assert lane.inbox() == set()
