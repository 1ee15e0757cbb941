"""People in Reveni split what Backhaul made one item of: the parts of an order line count together."""

from __future__ import annotations

import pytest

from integration.sandbox import SandboxClient, SandboxOptions
from integration.usecases.replay import replay
from tests.unit.usecases.conftest import SCALE, StartFleet
from tests.unit.usecases.lane import Lane, Parcel
from tests.unit.usecases.returned import in_reveni, moved, on_sale, refunded, row, until_held


@pytest.fixture
def parcel(lane: Lane) -> Parcel:
    """Three units that are in Reveni, not judged yet."""
    return in_reveni(lane)


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
    assert replay(lane.fleet.ports, "return", parcel.return_id, apply=True).applied
    lane.until(lambda: ("assess_return", "confirmed") in lane.fleet.outcomes)
    assert ("RT26" in lane.sandbox.books()["calls"], lane.inbox()) == (False, set())


@pytest.mark.parametrize("options", [SandboxOptions(scale=SCALE, reveni_fills_restocked_quantity=True)])
def test_restocked_units_of_several_items_are_summed(lane: Lane, parcel: Parcel) -> None:
    """M7: where Reveni counts restocked units, the growth of their sum goes on sale."""
    lane.sandbox.split_item(parcel.return_id, parcel.order_line_id, 1)
    lane.sandbox.judge(parcel.return_id, parcel.order_line_id, accepted=2, restocked_quantity=1)
    lane.judge(parcel, accepted=1, restocked_quantity=1, item=1)
    lane.until(lambda: on_sale(lane) == 7)
    lane.judge(parcel, restocked_quantity=2)
    lane.until(lambda: on_sale(lane) == 8 and {state for _, state, _ in moved(lane, parcel)} == {"done"})
