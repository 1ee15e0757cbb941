"""Telling from an offer's quantity whether an import landed, and from words whether a product will be live."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.domain.stock import StockSent, all_landed, landed, sales_explain, shows_live, what_a_refusal_means

LINE = StockSent("SKU-1", before=5, units=2, sent=7)


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ("The product is waiting for synchronization", "parked"),
        ("Product is in staging", "parked"),
        ("Product status: PENDING", "parked"),
        ("The product is not live yet", "parked"),
        ("Produkt not yet available", "parked"),
        ("The product is being created", "parked"),
        ("The offer does not exist", "held"),
        ("The quantity must be a positive integer", "held"),
        ("", "held"),
    ],
)
def test_a_product_that_will_be_live_is_told_from_a_refusal(message: str, meaning: str) -> None:
    assert what_a_refusal_means(message) == meaning


@pytest.mark.parametrize(
    ("level", "verdict"), [(7, True), (6, True), (5, False), (4, None), (0, None), (8, None), (None, None)]
)
def test_an_offers_quantity_tells_or_does_not(level: int | None, verdict: bool | None) -> None:
    assert landed(LINE, level) is verdict


def test_a_level_that_a_stock_master_lowered_has_landed() -> None:
    assert landed(StockSent("SKU-1", before=5, units=2, sent=3), 3) is True


@given(before=st.integers(0, 50), units=st.integers(1, 9), sold=st.integers(0, 60))
def test_units_are_never_taken_for_lost_when_they_are_on_sale(before: int, units: int, sold: int) -> None:
    line = StockSent("SKU-1", before, units, before + units)
    if sold <= before + units and sold != units:  # selling exactly the units back is the one case that looks alike
        assert landed(line, before + units - sold) is not False


def test_a_file_landed_or_did_not_as_a_whole() -> None:
    other = StockSent("SKU-2", before=1, units=1, sent=2)
    assert all_landed([(LINE, 7), (other, 2)]) is True
    assert all_landed([(LINE, 5), (other, 1)]) is False
    assert all_landed([(LINE, 7), (other, 1)]) is None
    assert all_landed([(LINE, 7), (other, None)]) is None


@pytest.mark.parametrize(("level", "applied", "explained"), [(7, True, True), (0, True, True), (8, True, False)])
def test_sales_explain_every_level_up_to_what_was_set(level: int, applied: bool, explained: bool) -> None:
    assert sales_explain(LINE, level, applied=applied) is explained


@pytest.mark.parametrize(("level", "explained"), [(5, True), (0, True), (6, False)])
def test_an_import_that_failed_left_no_more_than_there_was(level: int, explained: bool) -> None:
    assert sales_explain(LINE, level, applied=False) is explained


@pytest.mark.parametrize(
    ("active", "reasons", "live"),
    [
        (True, [], True),
        (False, ["ZERO_QUANTITY"], True),
        (False, ["ZERO_QUANTITY", "PRODUCT_STATUS_PENDING"], False),
        (False, [], False),
        (None, [], False),
    ],
)
def test_a_product_is_live_where_nothing_but_stock_is_wanting(
    active: bool | None, reasons: list[str], live: bool
) -> None:
    assert shows_live(active, reasons) is live
