"""Verdicts for returns that are held, have ended, or that people in Reveni have taken apart."""

from __future__ import annotations

from typing import Any

import pytest

from integration.domain.returns import ENDED_EARLY, UNDER_WAY
from integration.errors import Held
from integration.ledger import intents
from integration.ledger.returns import lines_of, lock_return
from integration.ledger.store import Tx
from integration.reveni.wire import ReveniReturn
from integration.sandbox import SandboxClient, SandboxOptions
from integration.usecases.advance_return import hold_return
from integration.usecases.poll_returns import poll_returns
from integration.usecases.replay import replay
from integration.usecases.store_verdict import store_verdict
from tests.unit.usecases.conftest import SCALE, StartFleet
from tests.unit.usecases.lane import Lane, Parcel
from tests.unit.usecases.returned import held_for, row, twins, until_held
from tests.unit.usecases.test_returns_known_elsewhere import moved, on_sale, refunded

WAITING = ("return", "accepted_units_wait")


@pytest.fixture
def parcel(lane: Lane) -> Parcel:
    """Three units that are in Reveni, not judged yet."""
    return in_reveni(lane)


def in_reveni(lane: Lane, units: int = 3, **line: Any) -> Parcel:
    lane.sandbox.seed_offers({"SKU-1": 5})
    parcel = lane.send_back(units, **line)
    lane.arrive(parcel)
    return parcel


def hold(lane: Lane, parcel: Parcel, reason: str = "accept_return_rejected") -> None:
    with lane.fleet.ports.ledger.write() as tx:
        found = lock_return(tx, parcel.return_id)
        assert found is not None
        hold_return(tx, found, Held(reason, "A test says so."))


def unmap(lane: Lane, parcel: Parcel, tx: Tx) -> None:
    for line in lines_of(tx, parcel.return_id):
        line.refund_reason = None


def see_state(lane: Lane, parcel: Parcel, state: str) -> None:
    """Mirakl shows the return so, and the poll has seen it."""
    lane.sandbox.set_return_state(parcel.return_id, state)
    lane.until(lambda: bool(poll_returns(lane.fleet.ports)) and row(lane, parcel).mirakl_state == state)
    lane.turn()


def replayed(lane: Lane, parcel: Parcel) -> None:
    assert replay(lane.fleet.ports, "return", parcel.return_id, apply=True).applied


def test_units_of_a_held_return_wait_and_each_is_paid_once_when_it_goes_on(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str
) -> None:
    """M8: what Reveni accepts of a held return is written down, and neither refunded nor put on sale; the inbox says
    how many units wait. After the replay they go on by themselves, by what Reveni says then, each once."""
    lane = Lane(start_fleet(database_url), sandbox)
    parcel = in_reveni(lane)
    lane.judge(parcel, accepted=1)
    lane.until(lambda: refunded(lane, parcel) == [1] and on_sale(lane) == 6)
    hold(lane, parcel)
    lane.judge(parcel, accepted=2)
    lane.until(lambda: WAITING in lane.inbox())
    lane.turn()
    assert (refunded(lane, parcel), on_sale(lane), len(lane.refunds(parcel))) == ([1], 6, 1)
    replayed(lane, parcel)
    lane.until(lambda: refunded(lane, parcel) == [1, 2] and on_sale(lane) == 8)
    lane.until(lambda: row(lane, parcel).state == "closed")
    assert (lane.inbox(), refunded(lane, parcel)) == (set(), [1, 2])


def test_what_waited_may_be_corrected_in_reveni(lane: Lane, parcel: Parcel) -> None:
    """M8: a verdict that had no consequence yet is not taken back by another one: the newest counts."""
    hold(lane, parcel)
    lane.judge(parcel, accepted=3)
    lane.until(lambda: WAITING in lane.inbox())
    twin = lane.fleet.ports.reveni.return_(str(lane.reveni_id(parcel)))
    [item] = twin.items or ()
    corrected = item.model_copy(update={"accepted_quantity": 2, "rejected_quantity": 1, "reject_reason": "defect"})
    with lane.fleet.ports.ledger.write() as tx:
        store_verdict(lane.fleet.ports, tx, twin.model_copy(update={"items": (corrected,)}))
        [line] = lines_of(tx, parcel.return_id)
        assert (line.accepted, line.rejected, line.refund_units, line.moved_units) == (2, 1, 0, 0)
    assert held_for(lane, parcel) == "accept_return_rejected"


def test_later_units_are_not_paid_while_reveni_takes_a_verdict_back(lane: Lane, parcel: Parcel) -> None:
    """M8: `quantities_shrank` stops the return: units that are accepted later wait until a person has settled it."""
    lane.judge(parcel, accepted=2)
    lane.until(lambda: refunded(lane, parcel) == [2])
    twin = lane.fleet.ports.reveni.return_(str(lane.reveni_id(parcel)))
    [item] = twin.items or ()
    with lane.fleet.ports.ledger.write() as tx:
        less = twin.model_copy(update={"items": (item.model_copy(update={"accepted_quantity": 1}),)})
        assert store_verdict(lane.fleet.ports, tx, less) == "held: quantities_shrank"
    lane.judge(parcel, accepted=1)
    lane.until(lambda: WAITING in lane.inbox())
    lane.turn()
    assert refunded(lane, parcel) == [2]
    replayed(lane, parcel)
    lane.until(lambda: refunded(lane, parcel) == [2, 1] and row(lane, parcel).state == "closed")


@pytest.mark.parametrize("state", ["CANCELED", "REFUSED", "NO_RECEPTION", "CLOSED"])
def test_what_reveni_accepts_of_a_return_that_ended_waits_for_a_person(lane: Lane, parcel: Parcel, state: str) -> None:
    """M8: a return that ended on Mirakl is not refunded when Reveni accepts it, unless a person replays it."""
    lane.sandbox.add_fault("W5", "status_before", status=503)
    see_state(lane, parcel, state)
    lane.judge(parcel, accepted=1)
    lane.until(lambda: WAITING in lane.inbox())
    lane.turn()
    assert (lane.refunds(parcel), lane.movements(parcel)) == ([], [])
    lane.sandbox.clear_faults()
    replayed(lane, parcel)
    lane.until(lambda: refunded(lane, parcel) == [1] and WAITING not in lane.inbox())
    expected = (1, "held", "stock_of_unknown_past") if state == "CLOSED" else (1, "done", None)
    lane.until(lambda: moved(lane, parcel) == [expected])


def test_units_of_a_return_that_is_not_fully_mapped_wait(lane: Lane, parcel: Parcel) -> None:
    """M8: no mapped reason, no refund: the return is mapped again, and its twin read, before anything is paid."""
    with lane.fleet.ports.ledger.write() as tx:
        unmap(lane, parcel, tx)
    lane.judge(parcel, accepted=1)
    lane.until(lambda: WAITING in lane.inbox())
    assert (lane.refunds(parcel), lane.movements(parcel)) == ([], [])
    hold(lane, parcel, "unmapped_return_reason")
    replayed(lane, parcel)
    lane.until(lambda: refunded(lane, parcel) == [1] and on_sale(lane) == 6)
    assert lane.inbox() == set()


@pytest.mark.parametrize("reason", ["return_held", "return_closed", "return_ended_early", "unmapped_return_reason"])
def test_a_refund_that_was_held_for_its_return_goes_on_with_it(lane: Lane, parcel: Parcel, reason: str) -> None:
    """M8: a replay of the return takes up the refunds that only waited for it, each once, and no other."""
    lane.sandbox.add_fault("OR28", "status_before", status=429, retry_after=600, times=1)
    lane.judge(parcel, accepted=1)
    lane.until(lambda: bool(lane.refunds(parcel)))
    lane.turn()
    with lane.fleet.ports.ledger.write() as tx:
        [refund] = lane.refunds(parcel)
        intent = intents.get(tx, refund.row.id)
        assert intent is not None
        intent.state, intent.reason = "held", reason
    hold(lane, parcel)
    replayed(lane, parcel)
    lane.until(lambda: refunded(lane, parcel) == [1])
    lane.turn()
    assert (refunded(lane, parcel), lane.inbox()) == ([1], set())


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("state", [*sorted(UNDER_WAY | ENDED_EARLY - {"CANCELLED"}), "CLOSED"])
def test_every_state_of_mirakl_with_a_return_held_or_not(lane: Lane, parcel: Parcel, state: str, held: bool) -> None:
    """L7: whatever ends a return early takes it out of the inbox and cancels its twin, held or not; a return that goes
    on stays held until a person has looked at it."""
    if held:
        lane.sandbox.add_fault("RT25", "status_before", status=200, times=1,
                               body={"return_errors": [{"id": parcel.return_id, "message": "no"}]})  # fmt: skip
        lane.judge(parcel, rejected=0)
        hold(lane, parcel)
    see_state(lane, parcel, state)
    inbox = {("return", "accept_return_rejected")} if held else set()
    if state in ENDED_EARLY:
        lane.until(lambda: [twin["status"] for twin in twins(lane, parcel)] == ["cancelled"])
        assert (lane.inbox(), row(lane, parcel).state, held_for(lane, parcel)) == (set(), "canceled", None)
    else:
        assert [twin["status"] for twin in twins(lane, parcel)] == ["in_progress"]
        assert lane.inbox() == inbox
        assert row(lane, parcel).state == ("closed" if state == "CLOSED" else "held" if held else "open")


def test_a_held_step_of_a_return_that_ends_is_dropped(lane: Lane) -> None:
    """L7: a refused step holds the return; when the parcel is never received, nothing of it is left to be done."""
    parcel = in_reveni(lane)
    refused = {"return_success": [], "return_errors": [{"id": parcel.return_id, "message": "Return is under dispute"}]}
    lane.sandbox.add_fault("RT25", "status_before", status=200, body=refused)
    lane.judge(parcel, rejected=1, reject_reason="defect")
    until_held(lane, parcel, "receive_return_rejected")
    see_state(lane, parcel, "NO_RECEPTION")
    assert lane.inbox() == set()
    with lane.fleet.ports.ledger.read() as tx:
        step = intents.find(tx, "receive_return", parcel.return_id)
    assert step is not None
    assert (step.state, step.reason) == ("dropped", "return_ended_early")


def test_lines_that_rt11_leaves_out_do_not_say_that_they_were_assessed(lane: Lane, parcel: Parcel) -> None:
    """L8: RT26's answer is lost and RT11 shows the return without its lines: it is assessed all the same."""
    shown = {"id": parcel.return_id, "order_id": parcel.order_id, "state": "RECEIVED"}
    lane.sandbox.add_fault("RT11", "status_before", status=200, times=1, match=f"return_id={parcel.return_id}",
                           body={"data": [shown], "next_page_token": None})  # fmt: skip
    lane.sandbox.add_fault("RT26", "lost_before", times=1)
    lane.judge(parcel, accepted=3)
    lane.until(lambda: row(lane, parcel).state == "closed")
    assert lane.sandbox.books()["compliance"][parcel.return_id][parcel.order_line_id]


def test_a_return_that_is_shown_without_lines_is_a_case_until_they_are_shown(lane: Lane) -> None:
    """L8: nothing is concluded from lines that are left out: neither that there are none, nor that all is mapped."""
    parcel = lane.send_back()
    shown = {"id": parcel.return_id, "order_id": parcel.order_id, "state": "IN_PROGRESS", "return_lines": None}
    lane.sandbox.add_fault("RT11", "status_before", status=200, times=1, match="return_last_updated_from",
                           body={"data": [shown], "next_page_token": None})  # fmt: skip
    lane.until(lambda: bool(poll_returns(lane.fleet.ports)) and ("return", "return_without_lines") in lane.inbox())
    lane.until(lambda: bool(poll_returns(lane.fleet.ports)) and lane.reveni_id(parcel) is not None)
    assert lane.inbox() == set()


def test_items_of_one_line_are_summed(start_fleet: StartFleet, sandbox: SandboxClient, database_url: str) -> None:
    """M7: a person splits an item in Reveni, and each part is judged by itself: every unit is refunded and moved once,
    and the return reaches its end."""
    lane = Lane(start_fleet(database_url), sandbox)
    parcel = in_reveni(lane)
    sandbox.split_item(parcel.return_id, parcel.order_line_id, 2)
    lane.judge(parcel, accepted=1)
    lane.until(lambda: refunded(lane, parcel) == [1] and on_sale(lane) == 6)
    lane.judge(parcel, accepted=1, item=1)
    lane.until(lambda: refunded(lane, parcel) == [1, 1] and on_sale(lane) == 7)
    lane.judge(parcel, rejected=1, reject_reason="defect", item=1)
    lane.until(lambda: row(lane, parcel).state == "closed")
    assert (refunded(lane, parcel), on_sale(lane), lane.inbox()) == ([1, 1], 7, set())


def test_each_item_goes_on_sale_or_not_by_its_own_words(lane: Lane, parcel: Parcel) -> None:
    """M7: one part is to be sold and the other is not: as many units go on sale as may, and the others never do."""
    lane.sandbox.split_item(parcel.return_id, parcel.order_line_id, 2)
    lane.judge(parcel, accepted=1, restock=True)
    lane.judge(parcel, accepted=2, restock=False, item=1)
    lane.until(lambda: on_sale(lane) == 6 and sum(refunded(lane, parcel)) == 3)
    lane.until(
        lambda: sorted(moved(lane, parcel), key=str) == [(1, "done", None), (2, "excluded", "warehouse_says_no")]
    )


def test_different_goods_in_one_line_are_for_a_person_to_put_on_sale(lane: Lane, parcel: Parcel) -> None:
    """M7: two parts of a line turn out to be different goods: the money does not wait, the units that cannot be told
    apart do, and no replay puts them on sale under one name."""
    lane.sandbox.split_item(parcel.return_id, parcel.order_line_id, 1)
    lane.sandbox.judge(parcel.return_id, parcel.order_line_id, accepted=2)
    lane.judge(parcel, accepted=1, received_sku="SKU-OTHER", item=1)
    lane.until(lambda: sum(refunded(lane, parcel)) == 3 and ("stock", "received_skus_differ") in lane.inbox())
    [movement] = lane.movements(parcel)
    assert (movement.quantity, movement.state, on_sale(lane)) == (3, "held", 5)
    assert "by hand" in lane.replay("stock", movement.id).note


def test_rejections_for_several_reasons_are_assessed_by_a_person(lane: Lane, parcel: Parcel) -> None:
    """M7: RT26 takes one reason for a line: where two parts were rejected for different ones, a person assesses the
    return on Mirakl, and the replay finds that done."""
    lane.sandbox.split_item(parcel.return_id, parcel.order_line_id, 1)
    lane.sandbox.judge(parcel.return_id, parcel.order_line_id, rejected=2, reject_reason="defect")
    lane.judge(parcel, rejected=1, reject_reason="wrong_product", item=1)
    until_held(lane, parcel, "reject_reasons_differ")
    by_hand = {"order_line_id": parcel.order_line_id, "quantity": 3, "reason_code": "RETURN_CHANGED_MIND",
               "compliance": [{"compliant": False}]}  # fmt: skip
    shown = {"id": parcel.return_id, "order_id": parcel.order_id, "state": "RECEIVED", "return_lines": [by_hand]}
    lane.sandbox.add_fault("RT11", "status_before", status=200, match=f"return_id={parcel.return_id}",
                           body={"data": [shown], "next_page_token": None})  # fmt: skip
    replayed(lane, parcel)
    lane.until(lambda: ("assess_return", "confirmed") in lane.fleet.outcomes)
    assert ("RT26" in lane.sandbox.books()["calls"], lane.inbox()) == (False, set())


@pytest.mark.parametrize("left_out", ["return_items", "refunds", "a_line"])
def test_what_reveni_leaves_out_is_not_taken_for_nothing(lane: Lane, parcel: Parcel, left_out: str) -> None:
    """M5: a return without its items, or without the list of what Reveni has paid, says nothing about either."""
    lane.judge(parcel, accepted=1)
    lane.until(lambda: refunded(lane, parcel) == [1])
    lane.sandbox.judge(parcel.return_id, parcel.order_line_id, accepted=1)
    twin = lane.fleet.ports.reveni.return_(str(lane.reveni_id(parcel)))
    changes: dict[str, Any] = {"return_items": {"items": None}, "refunds": {"refunds": None}, "a_line": {"items": ()}}
    shown: ReveniReturn = twin.model_copy(update=changes[left_out])
    with lane.fleet.ports.ledger.write() as tx:
        assert store_verdict(lane.fleet.ports, tx, shown) == "held: verdict_incomplete"
    lane.turn()
    assert refunded(lane, parcel) == [1]


@pytest.mark.parametrize("options", [SandboxOptions(scale=SCALE, reveni_fills_restocked_quantity=True)])
def test_restocked_units_of_several_items_are_summed(lane: Lane, parcel: Parcel) -> None:
    """M7: where Reveni counts restocked units, the growth of their sum goes on sale."""
    lane.sandbox.split_item(parcel.return_id, parcel.order_line_id, 1)
    lane.sandbox.judge(parcel.return_id, parcel.order_line_id, accepted=2, restocked_quantity=1)
    lane.judge(parcel, accepted=1, restocked_quantity=1, item=1)
    lane.until(lambda: on_sale(lane) == 7)
    lane.judge(parcel, restocked_quantity=2)
    lane.until(lambda: on_sale(lane) == 8 and {state for _, state, _ in moved(lane, parcel)} == {"done"})


def test_a_refund_is_promised_once_for_each_number_of_units(lane: Lane, parcel: Parcel) -> None:
    """M8: whatever has a verdict worked through again, there is one refund for its cumulative units."""
    lane.judge(parcel, accepted=2)
    lane.until(lambda: refunded(lane, parcel) == [2])
    with lane.fleet.ports.ledger.write() as tx:
        [line] = lines_of(tx, parcel.return_id)
        line.refund_units = 0
    lane.tell(parcel)
    lane.turn()
    assert (refunded(lane, parcel), len(lane.refunds(parcel))) == ([2], 1)
