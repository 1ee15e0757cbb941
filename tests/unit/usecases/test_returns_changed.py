"""A return that is known and changes on Mirakl: it changes here, or a person is told how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integration.ledger import intents
from integration.ledger.returns import lines_of
from integration.ledger.reviews import reviews
from integration.sandbox import SandboxClient
from integration.usecases.poll_returns import poll_returns
from integration.usecases.replay import replay
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane, Parcel
from tests.unit.usecases.returned import held_for, row, twins, until_held

UNKNOWN = "RETURN_HAUNTED"


def line(parcel: Parcel, quantity: int = 1, reason: str | None = "RETURN_CHANGED_MIND") -> dict[str, Any]:
    return {"order_line_id": parcel.order_line_id, "quantity": quantity, "reason_code": reason}


def known_lines(lane: Lane, parcel: Parcel) -> list[tuple[str, int, str | None, bool]]:
    """Line, units, reason, and whether it is mapped."""
    with lane.fleet.ports.ledger.read() as tx:
        lines = lines_of(tx, parcel.return_id)
    return [(one.order_line_id, one.quantity, one.reason_code, one.refund_reason is not None) for one in lines]


def poll(lane: Lane) -> None:
    poll_returns(lane.fleet.ports)


def poll_until(lane: Lane, condition: Callable[[], bool]) -> None:
    """Look at Mirakl's returns again and again; a poll may come before the ceiling opens."""

    def reached() -> bool:
        poll(lane)
        return condition()

    lane.until(reached)


def poll_until_held(lane: Lane, parcel: Parcel, reason: str) -> None:
    poll_until(lane, lambda: held_for(lane, parcel) == reason)


def step_state(lane: Lane, parcel: Parcel, kind: str) -> str | None:
    with lane.fleet.ports.ledger.read() as tx:
        intent = intents.find(tx, kind, parcel.return_id)
    return None if intent is None else intent.state


def test_tracking_that_is_added_is_kept_and_moves_nothing(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    assert (row(lane, parcel).carrier, row(lane, parcel).tracking_number) == ("Royal Mail", None)
    lane.sandbox.change_return(parcel.return_id, tracking_number="RM123456785GB")
    poll_until(lane, lambda: row(lane, parcel).tracking_number == "RM123456785GB")
    assert (row(lane, parcel).state, lane.inbox()) == ("open", set())


def test_lines_that_change_before_the_return_is_in_reveni_are_taken_over_and_mapped(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str
) -> None:
    lane = Lane(start_fleet(database_url, return_acceptance="manual"), sandbox)
    parcel = lane.send_back(3)
    poll(lane)
    lane.turn()
    sandbox.change_return(parcel.return_id, lines=[line(parcel, 2, "RETURN_BROKEN_ITEM")])
    poll_until(lane, lambda: known_lines(lane, parcel)[0][1] == 2)
    lane.until(lambda: known_lines(lane, parcel) == [(parcel.order_line_id, 2, "RETURN_BROKEN_ITEM", True)])
    sandbox.set_return_state(parcel.return_id, "IN_PROGRESS")
    lane.arrive(parcel)
    [item] = twins(lane, parcel)[0]["return_items"]
    assert (item["quantity"], item["return_reason"]) == (2, "broken_item")
    assert lane.inbox() == set()


def test_a_reason_that_mirakl_corrects_takes_its_return_out_of_the_inbox(lane: Lane) -> None:
    parcel = lane.send_back(reason=UNKNOWN)
    poll(lane)
    until_held(lane, parcel, "unmapped_return_reason")
    lane.sandbox.change_return(parcel.return_id, lines=[line(parcel)])
    poll_until(lane, lambda: lane.reveni_id(parcel) is not None)
    assert lane.inbox() == set()
    assert len(twins(lane, parcel)) == 1


def test_a_creation_that_waits_takes_the_new_lines_along(lane: Lane) -> None:
    parcel = lane.send_back(3)
    lane.sandbox.add_fault("W1", "status_before", status=429, retry_after=1)
    poll(lane)
    lane.until(lambda: step_state(lane, parcel, "create_return") == "decided")
    lane.sandbox.change_return(parcel.return_id, lines=[line(parcel, 1, "RETURN_BROKEN_ITEM")])
    poll_until(lane, lambda: known_lines(lane, parcel)[0][1] == 1)
    lane.sandbox.clear_faults()
    lane.until(lambda: lane.reveni_id(parcel) is not None)
    [item] = twins(lane, parcel)[0]["return_items"]
    assert (item["quantity"], item["return_reason"]) == (1, "broken_item")


def test_a_line_that_did_not_add_up_goes_on_when_it_is_not_sent_back_any_more(lane: Lane) -> None:
    order_id = lane.sandbox.seed_order(
        state="RECEIVED",
        lines=[
            {"sku": "S-1", "quantity": 3, "unit_price": "9.00", "price": "25.00", "order_line_id": "odd"},
            {"sku": "S-2", "quantity": 1, "unit_price": "9.00", "order_line_id": "even"},
        ],
    )
    announced = [line(Parcel(order_id, key, "")) for key in ("odd", "even")]
    parcel = Parcel(order_id, "even", lane.sandbox.open_return(order_id, announced))
    poll(lane)
    until_held(lane, parcel, "line_does_not_add_up")
    lane.sandbox.change_return(parcel.return_id, lines=announced[1:])
    poll_until(lane, lambda: lane.reveni_id(parcel) is not None)
    assert lane.inbox() == set()
    assert [item["external_id"] for item in twins(lane, parcel)[0]["return_items"]] == ["even"]


def test_lines_that_change_afterwards_hold_the_return_and_say_what_changed(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str
) -> None:
    lane = Lane(start_fleet(database_url), sandbox)
    order_id = sandbox.seed_order(
        state="RECEIVED",
        lines=[
            {"sku": "S", "quantity": 3, "unit_price": "9.00", "order_line_id": key} for key in ("kept", "gone", "new")
        ],
    )
    before = [line(Parcel(order_id, key, ""), 2) for key in ("kept", "gone")]
    parcel = Parcel(order_id, "kept", sandbox.open_return(order_id, before))
    lane.arrive(parcel)
    after = [line(parcel, 1, "RETURN_BROKEN_ITEM"), line(Parcel(order_id, "new", ""), 1)]
    sandbox.change_return(parcel.return_id, lines=after)
    poll_until_held(lane, parcel, "return_changed")
    with lane.fleet.ports.ledger.read() as tx:
        [review] = reviews(tx)
    assert review.evidence["changes"] == [
        "line gone is not in it any more",
        "line new is new with 1 units",
        "line kept has 1 units instead of 2",
        "line kept has the reason RETURN_BROKEN_ITEM instead of RETURN_CHANGED_MIND",
    ]
    assert known_lines(lane, parcel)[0][1] == 2, "nothing is taken over without a person"
    poll(lane)
    done = replay(lane.fleet.ports, "return", parcel.return_id, apply=True)
    assert done.steps[0] == f"take over the lines of return {parcel.return_id} as Mirakl shows them"
    lane.until(lambda: all(mapped for *_, mapped in known_lines(lane, parcel)))
    assert known_lines(lane, parcel) == [
        ("kept", 1, "RETURN_BROKEN_ITEM", True),
        ("gone", 0, "RETURN_CHANGED_MIND", True),
        ("new", 1, "RETURN_CHANGED_MIND", True),
    ]
    poll(lane)
    assert (held_for(lane, parcel), lane.inbox()) == (None, set())
    assert len(twins(lane, parcel)) == 1


def test_a_change_that_mirakl_takes_back_needs_nobody(lane: Lane) -> None:
    parcel = lane.send_back(3)
    lane.arrive(parcel)
    lane.sandbox.change_return(parcel.return_id, lines=[line(parcel, 2)])
    poll_until_held(lane, parcel, "return_changed")
    lane.sandbox.change_return(parcel.return_id, lines=[line(parcel, 3)])
    poll_until(lane, lambda: held_for(lane, parcel) is None)
    assert (row(lane, parcel).state, lane.inbox()) == ("open", set())


def test_a_reason_that_rt11_leaves_out_is_no_change(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    seen = row(lane, parcel).last_updated
    lane.sandbox.change_return(parcel.return_id, lines=[line(parcel, 1, None)])
    poll_until(lane, lambda: row(lane, parcel).last_updated != seen)
    assert known_lines(lane, parcel) == [(parcel.order_line_id, 1, "RETURN_CHANGED_MIND", True)]
    assert lane.inbox() == set()


def test_a_line_that_is_suddenly_named_twice_holds_its_return(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.sandbox.change_return(parcel.return_id, lines=[line(parcel), line(parcel, 2)])
    poll_until_held(lane, parcel, "duplicate_return_line")


@pytest.mark.parametrize("ended", ["CANCELED", "REFUSED", "NO_RECEPTION"])
def test_a_return_that_ends_before_it_is_in_reveni_leaves_nothing_to_do(lane: Lane, ended: str) -> None:
    parcel, unmapped = lane.send_back(), lane.send_back(reason=UNKNOWN)
    lane.sandbox.add_fault("W1", "status_before", status=429, retry_after=1)
    poll(lane)
    until_held(lane, unmapped, "unmapped_return_reason")
    lane.until(lambda: step_state(lane, parcel, "create_return") == "decided")
    for one in (parcel, unmapped):
        lane.sandbox.set_return_state(one.return_id, ended)
    poll_until(lane, lambda: {row(lane, one).state for one in (parcel, unmapped)} == {"canceled"})
    lane.sandbox.clear_faults()
    lane.until(lambda: step_state(lane, parcel, "create_return") == "dropped")
    lane.turn()
    assert (twins(lane, parcel), twins(lane, unmapped), lane.inbox()) == ([], [], set())


def test_a_return_that_somebody_works_on_is_taken_over_by_a_later_poll(
    start_fleet: StartFleet, sandbox: SandboxClient
) -> None:
    lane = Lane(start_fleet(return_acceptance="manual"), sandbox)
    parcel = lane.send_back(3)
    poll(lane)
    with lane.fleet.ports.ledger.write() as tx:
        mapping = intents.find(tx, "map_return", parcel.return_id)
        assert mapping is not None
        assert intents.claim(tx, mapping.id, lease=1) is not None
    sandbox.change_return(parcel.return_id, lines=[line(parcel, 2)])
    for _ in range(2):
        poll(lane)
        assert known_lines(lane, parcel)[0][1] == 3
    poll_until(lane, lambda: known_lines(lane, parcel) == [(parcel.order_line_id, 2, "RETURN_CHANGED_MIND", True)])


def test_a_return_that_ends_while_somebody_works_on_it_is_left_to_them(lane: Lane) -> None:
    parcel = lane.send_back()
    poll(lane)
    with lane.fleet.ports.ledger.write() as tx:
        mapping = intents.find(tx, "map_return", parcel.return_id)
        assert mapping is not None
        assert intents.claim(tx, mapping.id, lease=1) is not None
    lane.sandbox.cancel_return(parcel.return_id)
    poll_until(lane, lambda: row(lane, parcel).state == "canceled")
    lane.until(lambda: step_state(lane, parcel, "map_return") in ("confirmed", "dropped"))
    assert (twins(lane, parcel), lane.inbox()) == ([], set())


def test_a_return_whose_order_nobody_knows_fetches_it_before_anything_is_said(lane: Lane) -> None:
    parcel = lane.send_back()
    nothing = {"orders": [], "total_count": 0}
    lane.sandbox.add_fault("OR11", "status_before", status=200, body=nothing, match=parcel.order_id)
    poll(lane)
    until_held(lane, parcel, "order_not_on_mirakl")
    calls = lane.sandbox.books()["calls"]
    assert "RT21" not in calls
    assert "W1" not in calls
    lane.sandbox.clear_faults()
    replay(lane.fleet.ports, "return", parcel.return_id, apply=True)
    lane.until(lambda: lane.reveni_id(parcel) is not None)
