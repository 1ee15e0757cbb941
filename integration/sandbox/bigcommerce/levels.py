"""The stock levels of the BigCommerce store, and what is still on its way to them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Item:
    """One variant. `refuses` is None, `absolute_first` or `tracked_by_product` (bigcommerce.md, 422)."""

    sku: str
    number: int
    levels: dict[int, int] = field(default_factory=dict)
    refuses: str | None = None


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
