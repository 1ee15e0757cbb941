"""What BigCommerce sends."""

from __future__ import annotations

from pydantic import AliasPath, Field

from integration.wire import Many, Wire


class Level(Wire):
    """The stock of an item at one location. `available_to_sell` is what is on hand less the safety stock."""

    location_id: int
    available_to_sell: int


class Item(Wire):
    sku: str = Field(validation_alias=AliasPath("identity", "sku"))
    product_id: int | None = Field(None, validation_alias=AliasPath("identity", "product_id"))
    locations: Many[Level] = ()


class ItemsPage(Wire):
    data: Many[Item] = ()
    total_pages: int = Field(1, validation_alias=AliasPath("meta", "pagination", "total_pages"))


class Adjusted(Wire):
    transaction_id: str
