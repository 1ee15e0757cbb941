"""Rounding, apart from the product's own on purpose: shared arithmetic would share its mistakes."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

# ISO 4217, where it is not two.
_DECIMALS = {"JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Half up, to the currency's own number of decimals."""
    return amount.quantize(Decimal(1).scaleb(-_DECIMALS.get(currency, 2)), ROUND_HALF_UP)


def amount_of(value: Any, currency: str) -> Decimal:
    """An exact amount from a JSON number or a numeric string (Mirakl takes both).

    :raises ValueError: not a number, negative, or with more decimals than the currency has.
    """
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError(f"{value!r} is not an amount")  # noqa: TRY004 (one error for every malformed amount)
    try:
        amount = Decimal(value)
    except ArithmeticError as error:
        raise ValueError(f"{value!r} is not an amount") from error
    if not amount.is_finite() or amount < 0 or rounded(amount, currency) != amount:
        raise ValueError(f"{value} is not an amount in {currency}")
    return rounded(amount, currency)
