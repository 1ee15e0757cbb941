"""What BigCommerce sends."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasPath, BeforeValidator, Field

from integration.money import MOST_UNITS
from integration.wire import Many, Wire


def _countable(value: Any) -> int | None:
    """A number of units, or None for whatever else stands there: nobody may count on it."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and abs(value) <= MOST_UNITS else None


Units = Annotated[int | None, BeforeValidator(_countable)]


class Level(Wire):
    """The stock of an item at one location.

    `total_inventory_onhand` is what lies on the shelf, and what adjustments change. `available_to_sell` is that less
    the safety stock; where less is on hand, it may be 0 or below 0. Sales lower both.
    """

    location_id: int
    available_to_sell: Units = None
    total_inventory_onhand: Units = None


class Item(Wire):
    sku: str = Field(validation_alias=AliasPath("identity", "sku"))
    product_id: int | None = Field(None, validation_alias=AliasPath("identity", "product_id"))
    locations: Many[Level] = ()


class Variant(Wire):
    id: int
    sku: str


class Page(Wire):
    """Its documents stay undecoded here: one that does not fit must not hide the others."""

    data: Many[dict[str, Any]] = ()
    total_pages: int = Field(1, validation_alias=AliasPath("meta", "pagination", "total_pages"))


class Adjusted(Wire):
    transaction_id: str
