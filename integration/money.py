"""Exact money: Decimal in major units, each currency's own number of decimals, halves rounded away from zero.

Nothing here takes a float. Shares are worked out as ratios of whole numbers: no rounding happens but the one that is
meant. (`Fraction` reduces each of its results, which made it most of what a refund took to work out.)
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache

from iso4217 import Currency

from integration.errors import Held

# What the ledger's columns hold exactly on both databases (`integration.ledger.columns`), which is more than anything
# on a marketplace costs in any currency: beyond these, a figure is a mistake.
MOST_DIGITS = 14
MOST_DECIMALS = 6

# Finer than any unit price or rate is worked out. A figure that is only computed with, and not stored, may have so
# many; one with an absurd exponent would never be done being written out.
MOST_DECIMALS_IN_WORKING = 30

MOST_UNITS = 2**31 - 1
"""A number of units, or of anything else that is counted, which a column of both databases holds."""

PLAIN_FIGURE = re.compile(r"[0-9]+(\.[0-9]+)?")


@cache
def decimals(currency: str) -> int:
    """How many decimals the currency has: 2 for GBP, 0 for JPY, 3 for KWD (ISO 4217).

    :raises Held: `unknown_currency`.
    """
    try:
        exponent = Currency(currency).exponent
    except ValueError:
        exponent = None
    if exponent is None:
        raise Held("unknown_currency", f"{currency} is not a currency of ISO 4217 with minor units.")
    return int(exponent)


def plausible(amount: Decimal) -> bool:
    """Whether `amount` is a finite figure of a size and fineness that money has, and that the ledger holds exactly.

    Zeros at its end count for nothing: 25.0000000 is 25.00.

    :raises TypeError: for anything but a Decimal.
    """
    if not workable(amount):
        return False
    _, below = amount.as_integer_ratio()
    return bool(10**MOST_DECIMALS % below == 0)


def workable(figure: Decimal) -> bool:
    """Whether `figure` is finite and of a size that money has, so that it can be computed with.

    :raises TypeError: for anything but a Decimal.
    """
    exponent = _exact(figure).as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -MOST_DECIMALS_IN_WORKING and figure.adjusted() < MOST_DIGITS


def fits(amount: Decimal, currency: str) -> bool:
    """Whether `amount` can be paid in `currency`: plausible, and without a part of a minor unit.

    :raises Held: `unknown_currency`.
    :raises TypeError: for anything but a Decimal.
    """
    minor_units_in_one: int = 10 ** decimals(currency)
    if not plausible(amount):
        return False
    above, below = amount.as_integer_ratio()
    return above * minor_units_in_one % below == 0


def round_money(amount: Decimal, currency: str) -> Decimal:
    """`amount` with the currency's own number of decimals, halves away from zero.

    :raises Held: `unknown_currency`.
    :raises TypeError: for anything but a Decimal.
    """
    return _rounded(*_exact(amount).as_integer_ratio(), decimals(currency))


def share(whole: Decimal, *, done: int, quantity: int, units: int, currency: str) -> Decimal:
    """What `quantity` of `units` units come to, when `done` of them came before.

    It is round(whole·(done+quantity)/units) − round(whole·done/units): whichever way the units are split,
    their shares sum to the rounded whole exactly, since the next share takes back what this one was
    rounded by.

    :raises Held: `unknown_currency`.
    :raises TypeError: for a whole that is not a Decimal.
    :raises ValueError: where the units refunded would be none, or more than there are.
    """
    if not 0 <= done < done + quantity <= units:
        raise ValueError(f"{done} done and {quantity} more do not fit into {units} units")
    places = decimals(currency)
    above, below = _exact(whole).as_integer_ratio()
    return _rounded(above * (done + quantity), below * units, places) - _rounded(above * done, below * units, places)


def proportion(whole: Decimal, *, part: Decimal, of: Decimal, currency: str) -> Decimal:
    """`whole × part ÷ of`, rounded once; zero where there is nothing to take a part of (`of` is zero).

    :raises Held: `unknown_currency`.
    :raises TypeError: for anything but Decimals.
    """
    places = decimals(currency)
    if _exact(of) == 0:
        return _rounded(0, 1, places)
    (of_whole, whole_in), (of_part, part_in) = _exact(whole).as_integer_ratio(), _exact(part).as_integer_ratio()
    of_all, all_in = of.as_integer_ratio()
    above = of_whole * of_part * all_in
    return _rounded(above if of_all > 0 else -above, whole_in * part_in * abs(of_all), places)


def amounts_by_currency(text: str) -> dict[str, Decimal]:
    """One amount for each currency named, from `GBP:250,EUR:300.50`.

    :raises ValueError: naming every entry that is wrong by its number, and repeating none of them.
    """
    amounts: dict[str, Decimal] = {}
    problems = []
    for number, entry in enumerate(text.split(","), start=1):
        try:
            currency, amount = _currency_and_amount(entry)
        except ValueError as problem:
            problems.append(f"entry {number} {problem}")
            continue
        if currency in amounts:
            problems.append(f"entry {number} names a currency a second time")
        amounts[currency] = amount
    if problems:
        raise ValueError("; ".join(problems))
    return amounts


def _currency_and_amount(entry: str) -> tuple[str, Decimal]:
    currency, colon, written = (part.strip() for part in entry.partition(":"))
    if not colon or not PLAIN_FIGURE.fullmatch(written):
        raise ValueError("is not CURRENCY:AMOUNT")
    amount = Decimal(written)
    try:
        payable = fits(amount, currency)
    except Held:
        raise ValueError("names no currency of ISO 4217") from None
    if not payable:
        raise ValueError("is no amount in its currency")
    return currency, round_money(amount, currency)


def _exact(amount: Decimal) -> Decimal:
    if not isinstance(amount, Decimal):
        raise TypeError(f"money is a Decimal, never a {type(amount).__name__}")
    return amount


def _rounded(above: int, below: int, places: int) -> Decimal:
    """`above ÷ below` (which is positive) with so many decimals: ⌊|x| + ½⌋ of minor units, and the sign."""
    minor_units = (2 * abs(above) * 10**places + below) // (2 * below)
    sign = "-" if above < 0 and minor_units else ""
    return Decimal(f"{sign}{minor_units}E-{places}")
