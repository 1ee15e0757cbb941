"""Mirakl or Reveni knows more of a return than the ledger: nothing of it is made, paid or put on sale a second time."""

from __future__ import annotations

from typing import Any

import pytest

from integration.ledger import intents
from integration.ledger.journal import journal_of
from integration.ledger.returns import get_return, return_of_twin
from integration.ledger.reviews import reviews
from integration.reveni.wire import Customer, NewReturn, NewReturnItem, NewReturnOrder
from integration.sandbox import SandboxClient
from integration.usecases import create_return, store_verdict
from integration.usecases.poll_returns import poll_returns
from integration.usecases.read_verdict import poll_verdicts
from integration.usecases.replay import replay
from integration.usecases.resolve_review import resolve_review
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane, Parcel
from tests.unit.usecases.returned import held_for, moved, on_sale, poll_until, refunded, row, twins, until_held

UNKNOWN_PAST = "stock_of_unknown_past"


def send_back(lane: Lane, state: str, units: int = 2) -> Parcel:
    """Units that come back, of a return that stands so on Mirakl when the ledger first meets it."""
    lane.sandbox.seed_offers({"SKU-1": 5})
    parcel = lane.send_back(units)
    lane.sandbox.set_return_state(parcel.return_id, state)
    return parcel


def make_twin(lane: Lane, parcel: Parcel, units: int = 2) -> str:
    """Another ledger of ours, or a person, makes a return in Reveni that carries our external id."""
    order = NewReturnOrder(external_id=parcel.order_id, currency="GBP", customer=Customer())
    item = NewReturnItem(external_id=parcel.order_line_id, sku="SKU-1", name="x", quantity=units, unit_price="25.0000",
                         return_reason="other")  # fmt: skip
    new = NewReturn(external_id=parcel.return_id, order=order, return_items=(item,))
    return lane.fleet.ports.reveni.create_return(new).id


def create_without_an_answer(lane: Lane, parcel: Parcel) -> None:
    """W1 makes the twin, and its answer is lost; nothing has been read back yet."""

    def met() -> bool:
        poll_returns(lane.fleet.ports)
        with lane.fleet.ports.ledger.read() as tx:
            return get_return(tx, parcel.return_id) is not None

    lane.until(met)
    lane.sandbox.add_fault("W1", "lost_after", times=1)
    lane.work_until("create_return", "unknown: outcome_unknown")
    assert len(twins(lane, parcel)) == 1


def polls(lane: Lane) -> None:
    poll_returns(lane.fleet.ports)
    poll_verdicts(lane.fleet.ports)
    lane.turn()


@pytest.mark.crash_matrix(33)
@pytest.mark.parametrize("state", ["CLOSED", "NO_RECEPTION"])
def test_a_return_that_had_ended_is_history_until_a_person_replays_it(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str, state: str
) -> None:
    """M1: nothing is refunded, restocked or sent for a return that had ended when the ledger first met it; a replay
    says what it does, refunds what Reveni has accepted, once, and leaves stock that may be on sale to a person."""
    lane = Lane(start_fleet(database_url), sandbox)
    parcel = send_back(lane, state)
    twin = make_twin(lane, parcel)
    poll_until(lane, parcel, "closed" if state == "CLOSED" else "canceled")
    sandbox.judge(twin, parcel.order_line_id, accepted=1)
    polls(lane)
    polls(lane)
    writes = {"W1", "W5", "RT21", "RT25", "RT26", "RT27", "OR28", "STO01"}
    assert writes & set(sandbox.books()["calls"]) == {"W1"}  # which is the other ledger's
    assert (lane.refunds(parcel), lane.movements(parcel), lane.inbox()) == ([], [], set())

    plan = replay(lane.fleet.ports, "return", parcel.return_id, apply=False)
    assert f"is {state} on Mirakl and stays so: refund what Reveni has accepted" in plan.steps[0]
    assert replay(lane.fleet.ports, "return", parcel.return_id, apply=True).applied
    lane.until(lambda: bool(refunded(lane, parcel)))
    polls(lane)
    assert replay(lane.fleet.ports, "return", parcel.return_id, apply=True).applied
    polls(lane)
    assert refunded(lane, parcel) == [1]
    assert (len(twins(lane, parcel)), sandbox.books()["returns"][parcel.return_id]) == (1, state)
    assert moved(lane, parcel) == [(1, "held", UNKNOWN_PAST)]
    assert on_sale(lane) == 5


def test_a_replay_of_history_that_reveni_does_not_know_makes_nothing_there(lane: Lane) -> None:
    """M1: a return that has ended is looked for in Reveni, and never made there."""
    parcel = send_back(lane, "CLOSED")
    poll_until(lane, parcel, "closed")
    replay(lane.fleet.ports, "return", parcel.return_id, apply=True)
    lane.until(lambda: ("return", "not_in_reveni") in lane.inbox())
    assert twins(lane, parcel) == []


@pytest.mark.crash_matrix(32)
def test_a_return_that_is_in_reveni_already_is_adopted_with_its_verdict(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str
) -> None:
    """M1: W2 is read before the first W1: the twin that is there is ours, its verdict counts, and what Mirakl shows
    further than this ledger took it is not put on sale again unless a person says so."""
    lane = Lane(start_fleet(database_url), sandbox)
    parcel = send_back(lane, "RECEIVED")
    twin = make_twin(lane, parcel)
    sandbox.judge(twin, parcel.order_line_id, accepted=1)
    lane.arrive(parcel)
    assert (lane.reveni_id(parcel), len(twins(lane, parcel))) == (twin, 1)
    with lane.fleet.ports.ledger.read() as tx:
        creation = intents.find(tx, "create_return", parcel.return_id)
        assert creation is not None
        said = journal_of(tx, creation.id)[-1].evidence
    assert (creation.sends, said) == (0, {"reveni_return_id": twin, "already_there": True})
    lane.until(lambda: refunded(lane, parcel) == [1])
    assert moved(lane, parcel) == [(1, "held", UNKNOWN_PAST)]
    lane.judge(parcel, accepted=1)
    lane.until(lambda: refunded(lane, parcel) == [1, 1] and len(lane.movements(parcel)) == 2)
    first, second = lane.movements(parcel)
    with lane.fleet.ports.ledger.read() as tx:
        cases = {review.subject: review for review in reviews(tx) if review.reason == UNKNOWN_PAST}
    resolve_review(lane.fleet.ports, cases[str(first.id)].id, "done", note="on sale already")
    assert lane.replay("stock", second.id).applied
    lane.until(lambda: on_sale(lane) == 6 and {state for _, state, _ in moved(lane, parcel)} == {"done"})


def test_two_returns_in_reveni_before_the_first_creation_are_a_case(lane: Lane) -> None:
    """M1: which of two counts nobody can tell; one that is canceled leaves the other."""
    parcel = send_back(lane, "IN_PROGRESS")
    first, second = make_twin(lane, parcel), make_twin(lane, parcel)
    poll_returns(lane.fleet.ports)
    until_held(lane, parcel, "twice_in_reveni")
    assert len(twins(lane, parcel)) == 2
    lane.sandbox.set_reveni_return(first, fixed_status="cancelled")
    replay(lane.fleet.ports, "return", parcel.return_id, apply=True)
    lane.until(lambda: lane.reveni_id(parcel) == second)
    assert (held_for(lane, parcel), lane.inbox()) == (None, set())


def test_units_of_a_return_that_a_person_received_on_mirakl_wait(lane: Lane) -> None:
    """M1: a person presses "received" in the back office: nothing says that they have not put the units on sale."""
    parcel = send_back(lane, "IN_PROGRESS")
    lane.arrive(parcel)
    lane.sandbox.set_return_state(parcel.return_id, "RECEIVED")
    lane.until(lambda: bool(poll_returns(lane.fleet.ports)) and row(lane, parcel).mirakl_state == "RECEIVED")
    lane.judge(parcel, accepted=2)
    lane.until(lambda: refunded(lane, parcel) == [2] and moved(lane, parcel) == [(2, "held", UNKNOWN_PAST)])
    lane.until(lambda: lane.sandbox.books()["returns"][parcel.return_id] == "CLOSED")


@pytest.mark.parametrize("fault", [{"kind": "lost_after"}, {"kind": "status_after", "status": 429}], ids=str)
def test_what_we_have_received_ourselves_goes_on_sale_whatever_became_of_the_answer(
    lane: Lane, fault: dict[str, Any]
) -> None:
    """M1: our own RT25 whose answer was lost is no stranger's work."""
    parcel = send_back(lane, "IN_PROGRESS")
    lane.arrive(parcel)
    lane.sandbox.add_fault("RT25", times=1, **fault)
    lane.judge(parcel, accepted=1)
    lane.until(lambda: lane.sandbox.books()["returns"][parcel.return_id] == "RECEIVED")
    poll_returns(lane.fleet.ports)
    if fault["kind"] == "lost_after":
        lane.judge(parcel, accepted=1)  # Mirakl shows it received, and our step is not settled yet
    lane.until(lambda: row(lane, parcel).state in ("received", "judged", "closed") and bool(refunded(lane, parcel)))
    if fault["kind"] != "lost_after":
        lane.until(lambda: "confirmed" in {state for kind, state in lane.fleet.outcomes if kind == "receive_return"})
        lane.judge(parcel, accepted=1)
    lane.until(lambda: on_sale(lane) == 7)
    assert {state for _, state, _ in moved(lane, parcel)} == {"done"}


NO_LISTS: list[dict[str, Any]] = [{"results": None, "next": None}, {"next": None}, {"results": []}]


@pytest.mark.crash_matrix(37)
@pytest.mark.parametrize("body", [*NO_LISTS, {"results": [], "next": None}], ids=str)
def test_a_list_that_is_not_whole_does_not_make_a_return_twice(
    lane: Lane, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """M5: W1's answer is lost, and W2 leaves its list out, or leaves out a return of the order that is there for sure:
    whether ours is there is not known. It is read again, and in the end a person is asked."""
    known = lane.send_back(1, quantity=2)
    lane.arrive(known)
    parcel = lane.send_back_from(known.order_id, known.order_line_id)
    create_without_an_answer(lane, parcel)
    lane.sandbox.add_fault("W2", "status_before", status=200, body=body)
    asked = len(lane.sandbox.calls("W2"))
    lane.until(lambda: len(lane.sandbox.calls("W2")) >= asked + 4)
    assert len(twins(lane, parcel)) == 1
    with lane.fleet.ports.ledger.read() as tx:
        creation = intents.find(tx, "create_return", parcel.return_id)
    assert creation is not None
    assert (creation.state, creation.sends, creation.absences) == ("unknown", 1, 0)
    monkeypatch.setattr(create_return, "NOT_KNOWN_FOR", 0.0)
    until_held(lane, parcel, "unknown_outcome")
    lane.sandbox.clear_faults()
    replay(lane.fleet.ports, "return", parcel.return_id, apply=True)
    lane.until(lambda: lane.reveni_id(parcel) is not None)
    assert len(twins(lane, parcel)) == 1


@pytest.mark.crash_matrix(38)
def test_a_second_return_in_reveni_decides_nothing_about_ours(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str
) -> None:
    """M6: only the twin whose id was recorded speaks; another one holds the return before anything is taken over,
    whether a webhook or the poll tells of it, and ours goes on when it is canceled."""
    lane = Lane(start_fleet(database_url), sandbox)
    by_poll, by_webhook = send_back(lane, "IN_PROGRESS"), send_back(lane, "IN_PROGRESS")
    lane.arrive(by_poll, by_webhook)
    strangers = {parcel: make_twin(lane, parcel) for parcel in (by_poll, by_webhook)}
    for parcel, stranger in strangers.items():
        sandbox.judge(stranger, parcel.order_line_id, accepted=2)
    with lane.fleet.ports.ledger.write() as tx:
        intents.decide(tx, "read_verdict", "a webhook", plan={"reveni_return_id": strangers[by_webhook]})
    until_held(lane, by_webhook, "twice_in_reveni")
    assert held_for(lane, by_poll) is None
    poll_verdicts(lane.fleet.ports)
    until_held(lane, by_poll, "twice_in_reveni")
    assert (lane.refunds(), lane.movements()) == ([], [])

    sandbox.set_reveni_return(strangers[by_poll], fixed_status="cancelled")
    ours = str(lane.reveni_id(by_poll))
    sandbox.judge(ours, by_poll.order_line_id, accepted=1)
    assert replay(lane.fleet.ports, "return", by_poll.return_id, apply=True).applied
    poll_verdicts(lane.fleet.ports)
    lane.until(lambda: refunded(lane, by_poll) == [1])
    assert (held_for(lane, by_poll), refunded(lane, by_webhook)) == (None, [])


def test_our_twin_that_speaks_before_its_creation_is_recorded_is_not_held_and_not_lost(lane: Lane) -> None:
    """M6: a webhook, and the poll, come before W1's answer was recorded: the twin is found, and its verdict read."""
    parcel = send_back(lane, "IN_PROGRESS")
    create_without_an_answer(lane, parcel)
    assert lane.reveni_id(parcel) is None
    [twin] = twins(lane, parcel)
    lane.sandbox.judge(twin["id"], parcel.order_line_id, accepted=2)
    with lane.fleet.ports.ledger.write() as tx:
        intents.decide(tx, "read_verdict", "a webhook", plan={"reveni_return_id": twin["id"]})
    poll_verdicts(lane.fleet.ports)
    lane.turn()
    lane.until(lambda: refunded(lane, parcel) == [2] and on_sale(lane) == 7)
    assert (lane.reveni_id(parcel), lane.inbox()) == (twin["id"], set())


def test_our_twin_that_is_recorded_while_its_verdict_waits_for_the_row_is_no_second_one(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M6: the reading finds no twin recorded, waits for whoever records it, and looks again."""
    lane.sandbox.seed_offers({"SKU-1": 5})
    lane.arrive(parcel := lane.send_back(2))
    known = return_of_twin
    answers = iter([None])  # as it was before the row was locked
    monkeypatch.setattr(store_verdict, "return_of_twin", lambda tx, key: next(answers, known(tx, key)))
    lane.judge(parcel, accepted=2)
    lane.until(lambda: refunded(lane, parcel) == [2])
    assert lane.inbox() == set()
