"""BigCommerce as the stock master: its level grows by the units that came back, once, and Mirakl gets that level."""

from __future__ import annotations

import pytest

from integration.sandbox import SandboxClient, SandboxOptions
from tests.unit.usecases.conftest import SCALE, StartFleet
from tests.unit.usecases.lane import Lane


@pytest.fixture
def lane(start_fleet: StartFleet, sandbox: SandboxClient) -> Lane:
    sandbox.seed_offers({"SKU-1": 3, "SKU-2": 0})
    sandbox.set_bigcommerce_levels({"SKU-1": 10, "SKU-2": 0})
    return Lane(start_fleet(bigcommerce=True), sandbox)


def levels(lane: Lane) -> tuple[dict[str, int], dict[str, int]]:
    """In BigCommerce, and on Mirakl."""
    books = lane.sandbox.books()
    return books["bigcommerce_stock"], books["stock"]


def states(lane: Lane) -> list[tuple[str, str | None]]:
    return [(one.state, one.reason) for one in lane.movements()]


def adjustments(lane: Lane) -> int:
    return len(lane.sandbox.calls("BC_RELATIVE"))


def until(lane: Lane, *expected: tuple[str, str | None]) -> None:
    lane.until(lambda: states(lane) == list(expected))


def test_the_masters_level_is_what_goes_to_mirakl(lane: Lane) -> None:
    parcels = [lane.send_back(2), lane.send_back(sku="SKU-2")]
    lane.arrive(*parcels)
    for parcel, units in zip(parcels, (2, 1), strict=True):
        lane.judge(parcel, accepted=units)
    until(lane, ("done", None), ("done", None))
    assert levels(lane) == ({"SKU-1": 12, "SKU-2": 1}, {"SKU-1": 12, "SKU-2": 1})
    assert adjustments(lane) == 2


@pytest.mark.parametrize("options", [SandboxOptions(scale=SCALE, adjustment_delay=60.0)])
def test_nothing_goes_to_mirakl_before_the_master_shows_the_units(lane: Lane) -> None:
    lane.come_back(lane.send_back(), accepted=1)
    until(lane, ("done", None))
    assert levels(lane) == ({"SKU-1": 11, "SKU-2": 0}, {"SKU-1": 11, "SKU-2": 0})
    assert [each["rows"][0]["quantity"] for each in lane.sandbox.books()["imports"]] == ["11"]


@pytest.mark.parametrize("options", [SandboxOptions(scale=SCALE, adjustment_delay=60.0)])
def test_two_returns_of_one_sku_each_wait_for_their_own_units(lane: Lane) -> None:
    parcels = [lane.send_back(), lane.send_back(3)]
    lane.arrive(*parcels)
    for parcel, units in zip(parcels, (1, 3), strict=True):
        lane.judge(parcel, accepted=units)
    until(lane, ("done", None), ("done", None))
    assert levels(lane) == ({"SKU-1": 14, "SKU-2": 0}, {"SKU-1": 14, "SKU-2": 0})
    assert adjustments(lane) == 2


@pytest.mark.parametrize("kind", ["lost_after", "status_after", "garbage_after", "truncated_after"])
def test_an_adjustment_whose_answer_was_lost_is_not_made_again(lane: Lane, kind: str) -> None:
    lane.sandbox.add_fault("BC_RELATIVE", kind, status=500, times=1)
    lane.come_back(lane.send_back(2), accepted=2)
    until(lane, ("done", None))
    assert levels(lane) == ({"SKU-1": 12, "SKU-2": 0}, {"SKU-1": 12, "SKU-2": 0})
    assert adjustments(lane) == 1


@pytest.mark.parametrize("kind", ["lost_before", "status_before"])
def test_an_adjustment_without_effect_is_made_again_once_two_reads_did_not_find_it(lane: Lane, kind: str) -> None:
    lane.sandbox.add_fault("BC_RELATIVE", kind, status=500, times=1)
    lane.come_back(lane.send_back(2), accepted=2)
    until(lane, ("done", None))
    assert levels(lane) == ({"SKU-1": 12, "SKU-2": 0}, {"SKU-1": 12, "SKU-2": 0})
    assert adjustments(lane) == 2


def test_a_level_that_others_moved_meanwhile_is_left_to_a_person(lane: Lane) -> None:
    lane.sandbox.add_fault("BC_RELATIVE", "lost_after", times=1)
    parcel = lane.send_back(2)
    lane.arrive(parcel)
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


def test_an_item_that_the_master_does_not_have_is_held_alone(lane: Lane) -> None:
    lane.sandbox.seed_offers({"STRANGE": 1})
    parcels = [lane.send_back(sku="STRANGE"), lane.send_back()]
    lane.arrive(*parcels)
    for parcel in parcels:
        lane.judge(parcel, accepted=1)
    until(lane, ("held", "not_in_stock_master"), ("done", None))
    assert levels(lane) == ({"SKU-1": 11, "SKU-2": 0}, {"SKU-1": 11, "SKU-2": 0, "STRANGE": 1})


def test_a_master_that_is_gone_is_left_out_by_a_replay(
    lane: Lane, start_fleet: StartFleet, sandbox: SandboxClient
) -> None:
    sandbox.set_bigcommerce_refusal("SKU-1", "tracked_by_product")
    lane.come_back(lane.send_back(2), accepted=2)
    until(lane, ("held", "adjust_stock_master_rejected"))

    without = Lane(start_fleet(), sandbox)
    assert without.replay("stock", lane.movements()[0].id).applied
    until(without, ("done", None))
    assert levels(lane) == ({"SKU-1": 10, "SKU-2": 0}, {"SKU-1": 5, "SKU-2": 0})
