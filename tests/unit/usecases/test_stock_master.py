"""BigCommerce as the stock master: its level grows by the units that came back, once, and Mirakl gets that level."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.ledger.reviews import reviews
from integration.sandbox import SandboxClient, SandboxOptions
from integration.usecases.next_steps import Verb
from integration.usecases.resolve_review import resolve_review
from tests.unit.usecases.conftest import SCALE, StartFleet
from tests.unit.usecases.lane import Lane, tables

LATER = "decided again in 0.0 s: stock_master_applies"
NEVER_BY_ITSELF = pytest.mark.parametrize("options", [SandboxOptions(scale=SCALE, adjustment_delay=1e6)])
"""Adjustments are taken, and show when a test says so."""


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


def resolve(lane: Lane, word: Verb) -> None:
    """A person looks, and says what is true of the one case."""
    with lane.fleet.ports.ledger.read() as tx:
        (review,) = reviews(tx)
    resolve_review(lane.fleet.ports, review.id, word, note="looked")


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


@NEVER_BY_ITSELF
def test_nothing_goes_to_mirakl_before_the_master_shows_the_units(lane: Lane) -> None:
    lane.arrive(parcel := lane.send_back())
    lane.judge(parcel, accepted=1)
    lane.work_until("await_stock_master", LATER)
    assert (levels(lane), lane.sandbox.calls("STO01")) == (({"SKU-1": 10, "SKU-2": 0}, {"SKU-1": 3, "SKU-2": 0}), [])
    lane.sandbox.set_bigcommerce_levels({"SKU-1": 11})
    until(lane, ("done", None))
    assert levels(lane)[1] == {"SKU-1": 11, "SKU-2": 0}


@NEVER_BY_ITSELF
def test_units_that_the_master_never_shows_are_held_and_go_on_when_it_does(lane: Lane) -> None:
    lane.come_back(lane.send_back(), accepted=1)
    until(lane, ("held", "stock_master_unclear"))
    lane.sandbox.set_bigcommerce_levels({"SKU-1": 11})
    assert lane.replay("stock", lane.movements()[0].id).applied
    until(lane, ("done", None))
    assert (levels(lane)[1], adjustments(lane), lane.inbox()) == ({"SKU-1": 11, "SKU-2": 0}, 1, set())


@NEVER_BY_ITSELF
def test_of_two_returns_of_one_sku_the_second_is_added_when_the_first_shows(lane: Lane) -> None:
    parcels = [lane.send_back(), lane.send_back(3)]
    lane.arrive(*parcels)
    for parcel, units in zip(parcels, (1, 3), strict=True):
        lane.judge(parcel, accepted=units)
    lane.work_until("adjust_stock_master", LATER)
    assert adjustments(lane) == 1
    lane.sandbox.set_bigcommerce_levels({"SKU-1": 11})
    lane.until(lambda: adjustments(lane) == 2)
    lane.sandbox.set_bigcommerce_levels({"SKU-1": 14})
    until(lane, ("done", None), ("done", None))
    assert levels(lane)[1] == {"SKU-1": 14, "SKU-2": 0}


def test_an_adjustment_whose_answer_was_lost_is_not_made_again(lane: Lane) -> None:
    kinds = ["lost_after", "status_after", "garbage_after", "truncated_after"]
    parcels = [lane.send_back(2) for _ in kinds]
    lane.arrive(*parcels)
    for number, (kind, parcel) in enumerate(zip(kinds, parcels, strict=True), start=1):
        lane.sandbox.add_fault("BC_RELATIVE", kind, status=500, times=1)
        lane.judge(parcel, accepted=2)
        lane.turn()
        until(lane, *[("done", None)] * number)
        level = 10 + 2 * number
        assert levels(lane) == ({"SKU-1": level, "SKU-2": 0}, {"SKU-1": level, "SKU-2": 0}), kind
        assert adjustments(lane) == number


@pytest.mark.parametrize(
    ("kind", "sold", "word"), [("lost_before", 0, "send_again"), ("lost_after", 2, "done"), ("lost_after", 5, "done")]
)
def test_an_adjustment_that_sales_may_hide_is_left_to_a_person_whose_word_counts(
    lane: Lane, kind: str, sold: int, word: Verb
) -> None:
    """M10: no level proves that an adjustment had no effect, since sales may have taken off what it added."""
    lane.sandbox.add_fault("BC_RELATIVE", kind, times=1)
    lane.arrive(parcel := lane.send_back(2))
    lane.judge(parcel, accepted=2)
    lane.work_until("adjust_stock_master", "unknown: outcome_unknown")
    if sold:
        lane.sandbox.sell_from_bigcommerce("SKU-1", sold)
    until(lane, ("held", "stock_master_unclear"))
    assert (levels(lane)[1]["SKU-1"], adjustments(lane)) == (3, 1)
    assert lane.replay("stock", lane.movements()[0].id).applied  # which looks once more, and adds nothing
    until(lane, ("held", "stock_master_unclear"))
    assert adjustments(lane) == 1

    resolve(lane, word)
    until(lane, ("done", None))
    assert levels(lane) == ({"SKU-1": 12 - sold, "SKU-2": 0}, {"SKU-1": 12 - sold, "SKU-2": 0})
    assert adjustments(lane) == (2 if word == "send_again" else 1)


def test_a_lost_answer_is_found_though_some_of_the_units_are_sold(lane: Lane) -> None:
    """M10: sales put no units on, so a level above the one before is our doing."""
    lane.sandbox.add_fault("BC_RELATIVE", "lost_after", times=1)
    lane.arrive(parcel := lane.send_back(2))
    lane.judge(parcel, accepted=2)
    lane.work_until("adjust_stock_master", "unknown: outcome_unknown")
    lane.sandbox.sell_from_bigcommerce("SKU-1", 1)
    until(lane, ("done", None))
    assert (levels(lane)[0]["SKU-1"], levels(lane)[1]["SKU-1"], adjustments(lane)) == (11, 11, 1)


def test_an_adjustment_that_was_turned_away_and_shows_all_the_same_is_left_to_a_person(lane: Lane) -> None:
    """M10: whatever came back once it had left, the level is looked at before the next sending."""
    lane.sandbox.add_fault("BC_RELATIVE", "status_after", status=401, times=1)
    lane.come_back(lane.send_back(2), accepted=2)
    until(lane, ("held", "stock_master_unclear"))
    assert (levels(lane)[0]["SKU-1"], adjustments(lane)) == (12, 1)


@NEVER_BY_ITSELF
def test_sales_while_the_master_is_waited_for_keep_no_unit_waiting(lane: Lane) -> None:
    """M10: sales lower the level, so that it need never come to what it was and the units that came back."""
    lane.arrive(parcel := lane.send_back(2))
    lane.judge(parcel, accepted=2)
    lane.sandbox.sell_from_bigcommerce("SKU-1", 4)
    lane.work_until("await_stock_master", LATER)
    lane.sandbox.sell_from_bigcommerce("SKU-1", 3)
    lane.fleet.outcomes.clear()
    lane.work_until("await_stock_master", LATER)
    lane.sandbox.set_bigcommerce_levels({"SKU-1": 4})  # 2 added, 1 sold
    until(lane, ("done", None))
    assert (levels(lane)[1]["SKU-1"], adjustments(lane)) == (4, 1)


@NEVER_BY_ITSELF
@pytest.mark.parametrize(("word", "sent"), [("done", 1), ("send_again", 2)])
def test_units_that_are_never_seen_in_the_master_wait_a_bounded_time_for_a_person(
    lane: Lane, word: Verb, sent: int
) -> None:
    """M10: as many may have been sold at once; a person looks, and what they say is done."""
    lane.come_back(lane.send_back(), accepted=1)
    lane.sandbox.sell_from_bigcommerce("SKU-1", 1)
    until(lane, ("held", "stock_master_unclear"))
    resolve(lane, word)
    lane.until(lambda: adjustments(lane) == sent)
    lane.sandbox.set_bigcommerce_levels({"SKU-1": 10})
    until(lane, ("done", None))
    assert (levels(lane)[1]["SKU-1"], lane.inbox()) == (10, set())


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


def test_a_master_that_is_gone_is_left_out_by_a_replay(
    lane: Lane, start_fleet: StartFleet, sandbox: SandboxClient
) -> None:
    lane.arrive(parcel := lane.send_back(2))
    lane.judge(parcel, accepted=2)
    lane.work_until("read_verdict", "confirmed")

    without = Lane(start_fleet(), sandbox)
    until(without, ("held", "no_stock_master"))
    assert without.replay("stock", lane.movements()[0].id).applied
    until(without, ("done", None))
    assert levels(lane) == ({"SKU-1": 10, "SKU-2": 0}, {"SKU-1": 5, "SKU-2": 0})


def test_units_that_set_out_before_there_was_a_master_are_added_there_too(
    start_fleet: StartFleet, sandbox: SandboxClient
) -> None:
    sandbox.seed_offers({"SKU-1": 3}, live=False)
    sandbox.set_bigcommerce_levels({"SKU-1": 10})
    without = Lane(start_fleet(), sandbox)
    without.come_back(without.send_back(2), accepted=2)
    until(without, ("parked", "product_not_live_yet"))

    lane = Lane(start_fleet(bigcommerce=True), sandbox)
    sandbox.set_product_live("SKU-1")
    until(lane, ("done", None))
    assert levels(lane) == ({"SKU-1": 12}, {"SKU-1": 12})


def test_an_sku_that_left_the_table_is_held_until_it_is_back(
    start_fleet: StartFleet, sandbox: SandboxClient, tmp_path: Path
) -> None:
    folder = tables(tmp_path / "tables", "WH-1,SKU-1,BC-1")
    sandbox.seed_offers({"SKU-1": 3})
    sandbox.set_bigcommerce_levels({"BC-1": 10})
    lane = Lane(start_fleet(bigcommerce=True, mappings_dir=folder, sku_mapping="strict"), sandbox)
    lane.arrive(parcel := lane.send_back())
    tables(folder)
    lane.judge(parcel, accepted=1)
    until(lane, ("held", "unmapped_sku"))

    tables(folder, "WH-1,SKU-1,BC-1")
    assert lane.replay("stock", lane.movements()[0].id).applied
    until(lane, ("done", None))
    assert levels(lane) == ({"BC-1": 11}, {"SKU-1": 11})


def say(lane: Lane, verb: Verb) -> str:
    with lane.fleet.ports.ledger.read() as tx:
        (review,) = reviews(tx)
    return resolve_review(lane.fleet.ports, review.id, verb, note="looked there")


@NEVER_BY_ITSELF
def test_a_person_says_what_bigcommerce_did_and_mirakl_gets_its_level(lane: Lane) -> None:
    """M13: "done" there puts the units on sale from there; "send again" adjusts again, and waits for that anew."""
    lane.come_back(lane.send_back(), accepted=1)
    until(lane, ("held", "stock_master_unclear"))
    assert "are added in BigCommerce again" in say(lane, "send_again")
    lane.until(lambda: adjustments(lane) == 2)
    until(lane, ("held", "stock_master_unclear"))
    lane.sandbox.set_bigcommerce_levels({"SKU-1": 9})  # with our unit in it, and others sold
    assert "its level goes with the next stock import" in say(lane, "done")
    until(lane, ("done", None))
    assert (levels(lane)[1], adjustments(lane), lane.inbox()) == ({"SKU-1": 9, "SKU-2": 0}, 2, set())
