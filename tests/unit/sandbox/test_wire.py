"""Exact JSON, dates and amounts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.sandbox.amounts import amount_of, rounded
from integration.sandbox.wire import decode, encode, moment, timestamp


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_an_amount_survives_json_digit_for_digit(amount: Decimal) -> None:
    assert encode({"amount": amount}) == f'{{"amount": {amount:f}}}'.encode()
    assert Decimal(decode(encode([amount]))[0]) == amount


def test_text_that_looks_like_a_number_stays_text() -> None:
    assert encode({"sku": "25.00"}) == b'{"sku": "25.00"}'


def test_what_has_no_json_form_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"object has no JSON form"):
        encode(object())


def test_milliseconds_are_written_only_where_there_are_any() -> None:
    at = datetime(2026, 1, 2, 10, 0, 0, tzinfo=UTC)
    assert timestamp(at) == "2026-01-02T10:00:00Z"
    assert timestamp(at.replace(microsecond=460_999)) == "2026-01-02T10:00:00.460Z"
    assert moment("2026-01-02T11:00:00+01:00") == at
    with pytest.raises(ValueError, match=r"no offset"):
        moment("2026-01-02T10:00:00")


@pytest.mark.parametrize(
    ("amount", "currency", "whole"), [("2.345", "GBP", "2.35"), ("2.5", "JPY", "3"), ("2.3455", "KWD", "2.346")]
)
def test_half_a_penny_is_rounded_up(amount: str, currency: str, whole: str) -> None:
    assert str(rounded(Decimal(amount), currency)) == whole


@pytest.mark.parametrize("value", [True, None, 1.5, "x", "-1", "1.001", "Infinity", []])
def test_what_is_not_an_amount_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"is not an amount"):
        amount_of(value, "GBP")


@pytest.mark.parametrize("value", [5, "5.0", Decimal("5.000")])
def test_numbers_and_numeric_strings_are_amounts(value: Any) -> None:
    assert str(amount_of(value, "GBP")) == "5.00"
