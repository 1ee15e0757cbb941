"""The stock levels of the BigCommerce store, and what is still on its way to them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Item:
    """One variant. `levels` are what is on hand, by location; `safety_stock` of it may not be sold. `refuses` is None,
    `absolute_first` or `tracked_by_product` (bigcommerce.md, 422).
    """

    sku: str
    number: int
    levels: dict[int, int] = field(default_factory=dict)
    safety_stock: int = 0
    refuses: str | None = None

    def available(self, location_id: int, *, below_zero: bool) -> int:
        """What may be sold. Whether it goes below 0 is not documented (bigcommerce.md, Two figures)."""
        left = self.levels.get(location_id, 0) - self.safety_stock
        return left if below_zero else max(0, left)

    def sell(self, location_id: int, quantity: int) -> None:
        """A shopper of the store buys: both figures go down.

        :raises ValueError: there are not so many to be sold.
        """
        if quantity > self.available(location_id, below_zero=False):
            raise ValueError(f"there are not {quantity} of {self.sku} to be sold")
        self.levels[location_id] -= quantity


class Inventory:
    """Items by SKU, and the quota of requests that every app of the store shares."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.requests_left = 0
        self.quota_ends = 0.0

    def set_level(self, sku: str, location_id: int, quantity: int) -> Item:
        item = self.items.setdefault(sku, Item(sku, 100 + len(self.items)))
        item.levels[location_id] = quantity
        return item

    def find(self, *, sku: str | None, product_id: int | None, variant_id: int | None) -> Item | None:
        """The item that an adjustment names, by whichever of the three it gives."""
        if sku is not None:
            return self.items.get(sku)
        number = product_id if product_id is not None else variant_id
        return next((item for item in self.items.values() if item.number == number), None)

    def spend(self, quota: int, window: float) -> bool:
        """Take one request of the quota, filled again every `window` seconds; False where none is left."""
        now = time.monotonic()
        if now >= self.quota_ends:
            self.requests_left, self.quota_ends = quota, now + window
        if self.requests_left <= 0:
            return False
        self.requests_left -= 1
        return True

    def reset_milliseconds(self) -> int:
        return max(0, int((self.quota_ends - time.monotonic()) * 1000))
