"""A verdict only grows, within what was announced, and the warehouse's no is a no."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.domain.verdicts import (
    LineVerdict,
    Sellable,
    SellableLine,
    Units,
    check_verdict,
    sellable_line,
    sellable_units,
)
from integration.errors import Held


@dataclass(frozen=True)
class Item:
    """A Reveni item, as the checks see it."""

    status: str | None = "accepted"
    accepted_quantity: int | None = 0
    rejected_quantity: int | None = 0
    reject_reason: str | None = None
    restock: bool | None = None
    restocked_quantity: int | None = None
    received_sku: str | None = None


KNOWN = Units(announced=4, accepted=2, rejected=1, restocked=1)
SAME = Item(accepted_quantity=2, rejected_quantity=1, restocked_quantity=1)


def checked(known: Units, item: Item) -> Units:
    return check_verdict(known, item, order_line_id="L-1")


def test_a_verdict_that_says_the_same_changes_nothing() -> None:
    assert checked(KNOWN, SAME) == KNOWN


def test_a_verdict_may_grow_to_all_that_was_announced() -> None:
    grown = checked(KNOWN, replace(SAME, accepted_quantity=3, restocked_quantity=3))
    assert grown == Units(4, 3, 1, 3)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (replace(SAME, status="vanished"), "unknown_reveni_status"),
        (replace(SAME, accepted_quantity=None), "verdict_incomplete"),
        (replace(SAME, rejected_quantity=None), "verdict_incomplete"),
        (replace(SAME, accepted_quantity=1), "quantities_shrank"),
        (replace(SAME, rejected_quantity=0), "quantities_shrank"),
        (replace(SAME, restocked_quantity=0), "quantities_shrank"),
        (replace(SAME, restocked_quantity=None), "quantities_shrank"),
        (replace(SAME, accepted_quantity=4), "more_judged_than_returned"),
        (replace(SAME, restocked_quantity=3), "more_restocked_than_accepted"),
    ],
)
def test_a_verdict_that_cannot_be_is_held(item: Item, reason: str) -> None:
    with pytest.raises(Held) as held:
        checked(KNOWN, item)
    assert held.value.reason == reason
    assert "L-1" in held.value.detail


def test_an_item_without_a_status_is_taken_by_its_quantities() -> None:
    assert checked(KNOWN, replace(SAME, status=None)) == KNOWN


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.none() | st.integers(0, 4)), max_size=8))
def test_whatever_reveni_says_the_units_only_grow(said: list[tuple[int, int, int | None]]) -> None:
    known = Units(announced=4, accepted=0, rejected=0, restocked=None)
    for accepted, rejected, restocked in said:
        item = Item(accepted_quantity=accepted, rejected_quantity=rejected, restocked_quantity=restocked)
        try:
            after = checked(known, item)
        except Held:
            continue
        assert (after.accepted, after.rejected) >= (known.accepted, known.rejected)
        assert (after.restocked or 0) >= (known.restocked or 0)
        assert after.accepted + after.rejected <= 4
        known = after


ACCEPTED = Units(announced=3, accepted=3, rejected=0, restocked=None)
ONE_RESTOCKED = replace(ACCEPTED, restocked=1)


@pytest.mark.parametrize(
    ("disposition", "restock", "units", "sellable"),
    [
        ("restock", None, ACCEPTED, Sellable(3, None)),
        ("restock", True, ACCEPTED, Sellable(3, None)),
        ("restock", False, ACCEPTED, Sellable(0, "warehouse_says_no")),
        ("restock", None, ONE_RESTOCKED, Sellable(1, "awaiting_restock")),
        ("inspect", None, ACCEPTED, Sellable(0, "awaiting_inspection")),
        ("inspect", True, ACCEPTED, Sellable(3, None)),
        ("inspect", None, ONE_RESTOCKED, Sellable(1, "awaiting_inspection")),
        ("quarantine", True, ONE_RESTOCKED, Sellable(0, "quarantine")),
        ("quarantine", False, ACCEPTED, Sellable(0, "warehouse_says_no")),
    ],
)
def test_what_goes_back_on_sale(disposition: str, restock: bool | None, units: Units, sellable: Sellable) -> None:
    assert sellable_units(disposition, restock, units) == sellable


def test_what_the_items_of_a_line_say_together_is_their_sum() -> None:
    """M7: units are added up; what an item leaves out is not known of the line either, and words that differ are none."""
    one = Item("accepted", 1, 0, restock=True, received_sku="A")
    two = Item("for_review", 1, 1, reject_reason="defect", restock=False, restocked_quantity=1)
    both = LineVerdict((one, two))
    assert (both.accepted_quantity, both.rejected_quantity, both.restocked_quantity) == (2, 1, 1)
    assert (both.status, both.restock, both.received_sku, both.reject_reason) == ("accepted", None, None, "defect")
    assert both.received_skus == {"A", None}
    assert LineVerdict((one, Item(accepted_quantity=None))).accepted_quantity is None
    assert LineVerdict((one, Item("vanished"))).status == "vanished"
    reasons = (Item(rejected_quantity=1), Item(rejected_quantity=1, reject_reason="defect"))
    assert LineVerdict(reasons).reject_reason == "(none),defect"


@pytest.mark.parametrize(
    ("disposition", "items", "expected"),
    [
        ("restock", [Item("a", 2)], SellableLine(2, 0, None, None)),
        ("restock", [Item("a", 1), Item("a", 2, restock=False)], SellableLine(1, 2, "warehouse_says_no", None)),
        ("restock", [Item("a", 2), Item("a", 2, restocked_quantity=1)], SellableLine(1, 0, None, "awaiting_restock")),
        ("inspect", [Item("a", 1, restock=False), Item("a", 1, restock=True), Item("a", 3)],
         SellableLine(1, 1, "warehouse_says_no", "awaiting_inspection")),
        ("quarantine", [Item("a", 1), Item("a", 1, restock=True)], SellableLine(0, 2, "quarantine", None)),
    ],
)  # fmt: skip
def test_each_item_is_sellable_by_its_own_words(disposition: str, items: list[Item], expected: SellableLine) -> None:
    """M7: where any item counts restocked units, one that leaves them out has none."""
    assert sellable_line(disposition, LineVerdict(tuple(items))) == expected
