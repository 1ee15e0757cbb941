"""BigCommerce as Backhaul uses it: read levels, and add units to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from integration.bigcommerce.operations import BC_ABSOLUTE, BC_ITEMS, BC_RELATIVE
from integration.bigcommerce.quota import Quota
from integration.bigcommerce.wire import Adjusted, Item, ItemsPage
from integration.errors import Rejected, Retryable
from integration.http import Operation, Reply, Transport

SKUS_PER_CALL = 50
"""SKUs travel in the address, which has to stay short."""

TRACKED_BY_PRODUCT = re.compile(r"tracked by product", re.IGNORECASE)
NEVER_COUNTED = re.compile(r"requires absolute adjustment before relative", re.IGNORECASE)
"""BigCommerce's words for 422; it gives no codes (contracts: BigCommerce, Adjust)."""


def other_way(rejected: Rejected) -> Literal["by_product", "absolute"] | None:
    """How an item wants to be adjusted that takes no relative adjustment by its SKU; None where it was no such word."""
    if rejected.status != 422:
        return None
    if TRACKED_BY_PRODUCT.search(rejected.message):
        return "by_product"
    return "absolute" if NEVER_COUNTED.search(rejected.message) else None


class BigCommerce:
    """The stock of one store at one location. May be called from any thread.

    Where the store's quota is spent, every call ends in `Retryable` until it is filled again, and none is made.
    """

    def __init__(self, transport: Transport, store_hash: str, location_id: int) -> None:
        self._transport = transport
        self._path = {"store_hash": store_hash}
        self._location_id = location_id
        self._quota = Quota()

    def inventory(self, skus: Sequence[str]) -> dict[str, int]:
        """Units that may be sold at the location, by SKU; a SKU that has no stock there is left out. BC_ITEMS

        Adjustments are applied asynchronously: a level may be the one from before.

        :raises Retryable: nothing was read.
        """
        levels = {
            item.sku: level.available_to_sell
            for item in self._items(skus)
            for level in item.locations
            if level.location_id == self._location_id
        }
        return {sku: levels[sku] for sku in skus if sku in levels}

    def product_id(self, sku: str) -> int | None:
        """The product that a SKU is a variant of; None where the store does not know it. BC_ITEMS

        :raises Retryable: nothing was read.
        """
        return next((item.product_id for item in self._items([sku]) if item.sku == sku), None)

    def adjust(self, reason: str, changes: Mapping[str, int]) -> str:
        """Add units (or take them, where negative) by SKU, and return the transaction's id. BC_RELATIVE

        It takes no idempotency key: the same call again counts twice.

        :param reason: shown in BigCommerce; it should name the movement.
        :param changes: at most 2,000.
        :raises Retryable: no stock has changed.
        :raises Rejected: no stock has changed; `other_way` tells whether the item wants to be adjusted differently.
        :raises OutcomeUnknown: the stock may have changed, or may yet.
        """
        return self._change(BC_RELATIVE, reason, [{"sku": sku, "quantity": change} for sku, change in changes.items()])

    def adjust_product(self, reason: str, product_id: int, change: int) -> str:
        """Add units to an item whose stock is tracked by product; as `adjust` in all else. BC_RELATIVE"""
        return self._change(BC_RELATIVE, reason, [{"product_id": product_id, "quantity": change}])

    def set_level(self, reason: str, sku: str, level: int) -> str:
        """Set the stock of an item that was never counted; as `adjust` in all else. BC_ABSOLUTE"""
        return self._change(BC_ABSOLUTE, reason, [{"sku": sku, "quantity": level}])

    def _change(self, operation: Operation, reason: str, items: Sequence[Mapping[str, Any]]) -> str:
        located = [{"location_id": self._location_id, **item} for item in items]
        return self._call(operation, json={"reason": reason, "items": located}).read(Adjusted).transaction_id

    def _items(self, skus: Sequence[str]) -> Iterator[Item]:
        for start in range(0, len(skus), SKUS_PER_CALL):
            asked = ",".join(skus[start : start + SKUS_PER_CALL])
            number, pages = 1, 1
            while number <= pages:
                params = [("sku:in", asked), ("location_id:in", str(self._location_id)), ("page", str(number))]
                page = self._call(BC_ITEMS, params=params).read(ItemsPage)
                yield from page.data
                number, pages = number + 1, page.total_pages

    def _call(self, operation: Operation, **facts: Any) -> Reply:
        self._quota.check()
        try:
            reply = self._transport.call(operation, path=self._path, **facts)
        except Retryable as failure:
            if failure.retry_after is not None:
                self._quota.close(failure.retry_after)
            raise
        self._quota.note(reply.headers)
        return reply
