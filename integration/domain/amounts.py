"""An amount as it is written: with its currency's own decimals, however many the database keeps."""

from __future__ import annotations

from decimal import Decimal

from integration.errors import Held
from integration.money import decimals


def written(amount: Decimal, currency: str) -> str:
    """25.00 for GBP, 25 for JPY. A figure that cannot be paid in the currency keeps every decimal that it has.

    A currency that ISO 4217 does not know hides no figure: it is written as it is.
    """
    try:
        text = f"{amount:.{decimals(currency)}f}"
    except Held:
        text = ""
    return text if text and Decimal(text) == amount else f"{amount.normalize():f}"
