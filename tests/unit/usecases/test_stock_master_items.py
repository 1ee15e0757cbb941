"""BigCommerce as the stock master: which items are adjusted, in which way, and which are held."""

from __future__ import annotations

import pytest

from integration.sandbox import SandboxClient, SandboxOptions
from tests.unit.usecases.conftest import SCALE, StartFleet
from tests.unit.usecases.lane import Lane
from tests.unit.usecases.master_stage import adjustments, levels, until


@pytest.fixture
def lane(start_fleet: StartFleet, sandbox: SandboxClient) -> Lane:
    sandbox.seed_offers({"SKU-1": 3, "SKU-2": 0})
    sandbox.set_bigcommerce_levels({"SKU-1": 10, "SKU-2": 0})
    return Lane(start_fleet(bigcommerce=True), sandbox)


BELOW_ZERO = pytest.mark.parametrize(
    "options",
    [
        SandboxOptions(scale=SCALE, import_delay=0, adjustment_delay=0, bigcommerce_below_zero=below)
        for below in (False, True)
    ],
    ids=["stops at 0", "goes below 0"],
)
"""What BigCommerce shows as available where less is on hand than the safety stock is not documented."""


@BELOW_ZERO
@pytest.mark.parametrize(("on_hand", "published"), [(1, 0), (2, 0), (3, 1), (10, 8)])
@pytest.mark.parametrize("fault", [None, "lost_after"])
def test_on_hand_is_adjusted_once_and_what_is_left_over_the_safety_stock_is_published(
    lane: Lane, on_hand: int, published: int, fault: str | None
) -> None:
    """M10: with a safety stock of 3 and one unit back; Mirakl never sees a level below 0."""
    lane.sandbox.set_bigcommerce_levels({"SKU-1": on_hand})
    lane.sandbox.set_bigcommerce_safety_stock("SKU-1", 3)
    if fault:
        lane.sandbox.add_fault("BC_RELATIVE", fault, times=1)
    lane.come_back(lane.send_back(), accepted=1)
    until(lane, ("done", None))
    assert (levels(lane)[0]["SKU-1"], levels(lane)[1]["SKU-1"]) == (on_hand + 1, published)
    assert adjustments(lane) == 1


@BELOW_ZERO
@pytest.mark.parametrize(("on_hand", "state"), [(3, "done"), (4, "held")])
def test_an_item_that_was_never_counted_is_set_from_what_is_on_hand(lane: Lane, on_hand: int, state: str) -> None:
    """M10: 3 on hand, all of them safety stock, and one back are 4; where any may be sold meanwhile, it is held."""
    lane.sandbox.set_bigcommerce_levels({"SKU-1": on_hand})
    lane.sandbox.set_bigcommerce_safety_stock("SKU-1", 3)
    lane.sandbox.set_bigcommerce_refusal("SKU-1", "absolute_first")
    lane.come_back(lane.send_back(), accepted=1)
    lane.until(lambda: [one.state for one in lane.movements()] == [state])
    assert levels(lane)[0]["SKU-1"] == 4
    assert levels(lane)[1]["SKU-1"] == (1 if state == "done" else 3)


@pytest.mark.parametrize("figure", ["available_to_sell", "total_inventory_onhand"])
def test_an_item_of_which_a_figure_is_missing_is_held_alone(lane: Lane, figure: str) -> None:
    """M10: neither figure stands for the other."""
    shown = {"location_id": 1, "available_to_sell": 10, "total_inventory_onhand": 10}
    del shown[figure]
    body = {"data": [{"identity": {"sku": "SKU-1"}, "locations": [shown]}]}
    lane.sandbox.add_fault("BC_ITEMS", "status_before", status=200, body=body, match="sku%3Ain=SKU-1")
    parcels = [lane.send_back(), lane.send_back(sku="SKU-2")]
    lane.arrive(*parcels)
    for parcel in parcels:
        lane.judge(parcel, accepted=1)
    until(lane, ("held", "stock_master_without_level"), ("done", None))
    assert levels(lane) == ({"SKU-1": 10, "SKU-2": 1}, {"SKU-1": 3, "SKU-2": 1})


def test_units_whose_item_is_gone_when_they_are_to_be_published_are_held(lane: Lane) -> None:
    """M10: without the master's level, nothing is added to what Mirakl shows instead."""
    lane.arrive(parcel := lane.send_back())
    lane.judge(parcel, accepted=1)
    lane.work_until("await_stock_master", "confirmed")
    lane.sandbox.add_fault("BC_ITEMS", "status_before", status=200, body={"data": []})
    until(lane, ("held", "not_in_stock_master"))
    assert levels(lane) == ({"SKU-1": 11, "SKU-2": 0}, {"SKU-1": 3, "SKU-2": 0})


@pytest.mark.parametrize("fault", [None, "lost_after"])
def test_an_sku_with_a_comma_is_found_and_adjusted(lane: Lane, fault: str | None) -> None:
    """L12: it goes beside others, in whose company a list would be split."""
    lane.sandbox.seed_offers({"M,RED": 3, "M": 1})
    lane.sandbox.set_bigcommerce_levels({"M,RED": 5, "M": 1, "RED": 1})
    if fault:
        lane.sandbox.add_fault("BC_RELATIVE", fault, times=1, match="variant_id")
    parcels = [lane.send_back(sku=sku) for sku in ("M,RED", "SKU-1")]
    lane.arrive(*parcels)
    for parcel in parcels:
        lane.judge(parcel, accepted=1)
    until(lane, ("done", None), ("done", None))
    master, mirakl = levels(lane)
    assert (master["M,RED"], mirakl["M,RED"], master["SKU-1"], mirakl["SKU-1"]) == (6, 6, 11, 11)
    assert (master["M"], master["RED"], mirakl["M"]) == (1, 1, 1)


def test_a_level_that_others_moved_meanwhile_is_left_to_a_person(lane: Lane) -> None:
    lane.sandbox.add_fault("BC_RELATIVE", "lost_after", times=1)
    lane.arrive(parcel := lane.send_back(2))
    lane.judge(parcel, accepted=2)
    lane.work_until("adjust_stock_master", "unknown: outcome_unknown")
    lane.sandbox.set_bigcommerce_levels({"SKU-1": 7})
    until(lane, ("held", "stock_master_unclear"))
    assert (levels(lane)[1], adjustments(lane)) == ({"SKU-1": 3, "SKU-2": 0}, 1)


def test_an_item_that_takes_no_adjustment_is_held_and_goes_on_when_it_does(lane: Lane) -> None:
    lane.sandbox.set_bigcommerce_refusal("SKU-1", "absolute_first")
    lane.come_back(lane.send_back(2), accepted=2)
    until(lane, ("held", "adjust_stock_master_rejected"))
    assert levels(lane) == ({"SKU-1": 10, "SKU-2": 0}, {"SKU-1": 3, "SKU-2": 0})

    lane.sandbox.set_bigcommerce_refusal("SKU-1", None)
    assert lane.replay("stock", lane.movements()[0].id).applied
    until(lane, ("done", None))
    assert levels(lane) == ({"SKU-1": 12, "SKU-2": 0}, {"SKU-1": 12, "SKU-2": 0})


def test_an_item_whose_stock_is_tracked_by_product_is_adjusted_so(lane: Lane) -> None:
    lane.sandbox.set_bigcommerce_refusal("SKU-1", "tracked_by_product")
    lane.come_back(lane.send_back(2), accepted=2)
    until(lane, ("done", None))
    assert levels(lane) == ({"SKU-1": 12, "SKU-2": 0}, {"SKU-1": 12, "SKU-2": 0})
    assert [call["status"] for call in lane.sandbox.calls("BC_RELATIVE")] == [422, 200]


def test_an_item_that_was_never_counted_is_set_where_there_are_none_of_it(lane: Lane) -> None:
    lane.sandbox.set_bigcommerce_refusal("SKU-2", "absolute_first")
    lane.come_back(lane.send_back(2, sku="SKU-2"), accepted=2)
    until(lane, ("done", None))
    assert levels(lane) == ({"SKU-1": 10, "SKU-2": 2}, {"SKU-1": 3, "SKU-2": 2})


@pytest.mark.parametrize(
    ("refusal", "sku", "operation"),
    [("tracked_by_product", "SKU-1", "BC_RELATIVE"), ("absolute_first", "SKU-2", "BC_ABSOLUTE")],
)
def test_another_way_of_adjusting_is_not_repeated_either_when_its_answer_was_lost(
    lane: Lane, refusal: str, sku: str, operation: str
) -> None:
    lane.sandbox.set_bigcommerce_refusal(sku, refusal)
    lane.arrive(parcel := lane.send_back(2, sku=sku))
    before = levels(lane)[0][sku]
    lane.judge(parcel, accepted=2)
    lane.until(lambda: any("again" in told for kind, told in lane.fleet.outcomes if kind == "adjust_stock_master"))
    lane.sandbox.add_fault(operation, "lost_after", times=1)
    until(lane, ("done", None))
    assert (levels(lane)[0][sku], levels(lane)[1][sku]) == (before + 2, before + 2)
    assert [call["operation"] for call in lane.sandbox.calls() if call["operation"] == operation][-1:] == [operation]


@pytest.mark.parametrize(
    "options", [SandboxOptions(scale=SCALE, import_delay=0, adjustment_delay=0, bigcommerce_quota=2)]
)
def test_a_store_with_a_small_quota_is_never_asked_for_more(lane: Lane) -> None:
    parcels = [lane.send_back(), lane.send_back(sku="SKU-2")]
    lane.arrive(*parcels)
    for parcel in parcels:
        lane.judge(parcel, accepted=1)
    until(lane, ("done", None), ("done", None))
    assert levels(lane) == ({"SKU-1": 11, "SKU-2": 1}, {"SKU-1": 11, "SKU-2": 1})
    calls = [call for call in lane.sandbox.calls() if call["operation"].startswith("BC_")]
    assert {call["status"] for call in calls} == {200}


def test_an_item_that_the_master_does_not_have_is_held_alone(lane: Lane) -> None:
    lane.sandbox.seed_offers({"STRANGE": 1})
    parcels = [lane.send_back(sku="STRANGE"), lane.send_back()]
    lane.arrive(*parcels)
    for parcel in parcels:
        lane.judge(parcel, accepted=1)
    until(lane, ("held", "not_in_stock_master"), ("done", None))
    assert levels(lane) == ({"SKU-1": 11, "SKU-2": 0}, {"SKU-1": 11, "SKU-2": 0, "STRANGE": 1})
