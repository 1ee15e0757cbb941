"""Telling from an offer's quantity whether an import landed, and from words whether a product will be live."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.domain.stock import StockSent, has_landed, sales_explain, shows_live, what_a_refusal_means

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
    ("level", "verdict"), [(7, True), (6, True), (5, False), (4, False), (0, False), (8, False), (None, False)]
)
def test_only_a_level_that_sales_do_not_explain_shows_that_a_file_has_landed(level: int | None, verdict: bool) -> None:
    assert has_landed(LINE, level) is verdict


def test_a_level_that_a_stock_master_lowered_has_landed() -> None:
    assert has_landed(StockSent("SKU-1", before=5, units=2, sent=3), 3)


@given(before=st.integers(0, 50), units=st.integers(1, 9), sold=st.integers(0, 60))
def test_what_never_landed_is_never_taken_for_landed(before: int, units: int, sold: int) -> None:
    """M10: without a landing, no sales make a level that is taken for one."""
    assert not has_landed(StockSent("SKU-1", before, units, before + units), max(0, before - sold))


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
