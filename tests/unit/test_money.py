from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.errors import Held
from integration.money import amounts_by_currency, decimals, fits, plausible, proportion, round_money, share


@pytest.mark.parametrize(("currency", "places"), [("GBP", 2), ("EUR", 2), ("JPY", 0), ("KWD", 3)])
def test_a_currency_has_the_decimals_of_iso_4217(currency: str, places: int) -> None:
    assert decimals(currency) == places


@pytest.mark.parametrize("currency", ["ZZZ", "gbp", "", "XAU"])
def test_a_currency_that_is_unknown_or_has_no_minor_unit_is_held(currency: str) -> None:
    with pytest.raises(Held) as held:
        decimals(currency)
    assert held.value.reason == "unknown_currency"


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("1.005", "GBP", "1.01"),
        ("-1.005", "GBP", "-1.01"),
        ("1.0049999999999999999999999999999999999", "GBP", "1.00"),
        ("-0.001", "GBP", "0.00"),
        ("2.5", "JPY", "3"),
        ("1E+2", "JPY", "100"),
        ("1.0005", "KWD", "1.001"),
    ],
)
def test_halves_are_rounded_away_from_zero_to_the_currencys_decimals(amount: str, currency: str, rounded: str) -> None:
    assert str(round_money(Decimal(amount), currency)) == rounded


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("1.50", "GBP", True),
        ("1.5000", "GBP", True),
        ("1.505", "GBP", False),
        ("1.505", "KWD", True),
        ("1.5", "JPY", False),
        ("0E-4", "JPY", True),
        ("1E+99999999", "GBP", False),
        ("1E-99999999", "GBP", False),
        ("NaN", "GBP", False),
        ("Infinity", "GBP", False),
    ],
)
def test_an_amount_fits_a_currency_that_can_pay_it(amount: str, currency: str, expected: bool) -> None:
    assert fits(Decimal(amount), currency) is expected


@pytest.mark.parametrize("amount", [1.5, 1, "1.50", None])
def test_nothing_but_a_decimal_is_money(amount: Any) -> None:
    with pytest.raises(TypeError):
        round_money(amount, "GBP")
    with pytest.raises(TypeError):
        fits(amount, "GBP")
    with pytest.raises(TypeError):
        plausible(amount)
    with pytest.raises(TypeError):
        share(amount, done=0, quantity=1, units=1, currency="GBP")
    with pytest.raises(TypeError):
        proportion(Decimal(1), part=amount, of=Decimal(1), currency="GBP")


def test_three_units_share_ten_pounds_to_the_penny() -> None:
    shares = [share(Decimal("10.00"), done=n, quantity=1, units=3, currency="GBP") for n in range(3)]
    assert [str(part) for part in shares] == ["3.33", "3.34", "3.33"]


@pytest.mark.parametrize(("done", "quantity"), [(-1, 1), (0, 0), (0, 4), (3, 1)])
def test_a_share_of_units_that_are_not_there_is_refused(done: int, quantity: int) -> None:
    with pytest.raises(ValueError, match="do not fit into 3 units"):
        share(Decimal("10.00"), done=done, quantity=quantity, units=3, currency="GBP")


@settings(deadline=None)
@given(
    minor_units=st.integers(0, 10**12),
    currency=st.sampled_from(["GBP", "JPY", "KWD"]),
    units=st.integers(1, 60),
    data=st.data(),
)
def test_the_shares_of_any_split_sum_to_the_whole_and_are_never_negative(
    minor_units: int, currency: str, units: int, data: st.DataObject
) -> None:
    whole = Decimal(minor_units).scaleb(-decimals(currency))
    cuts = sorted(data.draw(st.sets(st.integers(1, units), max_size=units)) | {0, units})
    shares = [
        share(whole, done=before, quantity=after - before, units=units, currency=currency)
        for before, after in pairwise(cuts)
    ]
    assert sum(shares) == whole
    assert all(part >= 0 and fits(part, currency) for part in shares)


def test_a_proportion_is_rounded_once() -> None:
    commission = proportion(Decimal("18.40"), part=Decimal("20.20"), of=Decimal("92.00"), currency="EUR")
    assert commission == Decimal("4.04")


def test_a_proportion_of_nothing_is_nothing() -> None:
    assert proportion(Decimal("1"), part=Decimal("1"), of=Decimal("0"), currency="GBP") == 0


def test_an_amount_for_each_currency_is_read_with_its_decimals() -> None:
    read = amounts_by_currency("GBP:250, EUR : 300.5,JPY:1000,KWD:0.125")
    assert {currency: str(amount) for currency, amount in read.items()} == {
        "GBP": "250.00",
        "EUR": "300.50",
        "JPY": "1000",
        "KWD": "0.125",
    }


def test_every_entry_that_is_no_amount_in_a_currency_is_named_at_once_and_none_is_repeated() -> None:
    wrong = "GBP250,XYZ:5,JPY:1.5,GBP:1,GBP:2,EUR:-1,EUR:1e3,,EUR:999999999999999999,gbp:1"
    with pytest.raises(ValueError, match="entry 1 is not") as told:
        amounts_by_currency(wrong)
    assert str(told.value).split("; ") == [
        "entry 1 is not CURRENCY:AMOUNT",
        "entry 2 names no currency of ISO 4217",
        "entry 3 is no amount in its currency",
        "entry 5 names a currency a second time",
        "entry 6 is not CURRENCY:AMOUNT",
        "entry 7 is not CURRENCY:AMOUNT",
        "entry 8 is not CURRENCY:AMOUNT",
        "entry 9 is no amount in its currency",
        "entry 10 names no currency of ISO 4217",
    ]
