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
from tests.unit.usecases.master_stage import adjustments, levels, resolve, until

LATER = "decided again in 0.0 s: stock_master_applies"
NEVER_BY_ITSELF = pytest.mark.parametrize("options", [SandboxOptions(scale=SCALE, adjustment_delay=1e6)])
"""Adjustments are taken, and show when a test says so."""


@pytest.fixture
def lane(start_fleet: StartFleet, sandbox: SandboxClient) -> Lane:
    sandbox.seed_offers({"SKU-1": 3, "SKU-2": 0})
    sandbox.set_bigcommerce_levels({"SKU-1": 10, "SKU-2": 0})
    return Lane(start_fleet(bigcommerce=True), sandbox)


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
