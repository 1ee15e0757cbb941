"""The base of the frozen facts that decisions rest on, and the two types they are made of."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from integration.money import MOST_UNITS


class Fact(BaseModel):
    """Frozen, tolerant of unknown keys, and fit to be evidence.

    `model_dump(mode="json")` writes every amount as a string with its own decimals, and `model_validate`
    gives an equal fact back from that.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


def _never_a_float(value: Any) -> Any:
    if isinstance(value, float):
        # Pydantic names the field of a ValueError alone.
        raise ValueError("an amount may not come from a float: decode JSON with parse_float=Decimal")  # noqa: TRY004
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a moment beyond the calendar") from None


Amount = Annotated[Decimal, BeforeValidator(_never_a_float)]
"""Exact major units of the order's currency (Decimal("25.00")); finite."""

Count = Annotated[int, Field(ge=-MOST_UNITS, le=MOST_UNITS)]
"""A number of units that the ledger can hold."""

Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An aware moment, in UTC."""
