"""BigCommerce as Backhaul uses it: read levels, and add units to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from integration.bigcommerce.operations import BC_ABSOLUTE, BC_ITEMS, BC_RELATIVE, BC_VARIANTS
from integration.bigcommerce.quota import Quota
from integration.bigcommerce.wire import Adjusted, Item, Page, Variant
from integration.errors import Rejected, Retryable
from integration.http import Operation, Reply, Transport
from integration.wire import readable

SKUS_PER_CALL = 50
"""SKUs travel in the address, which has to stay short."""

MOST_PAGES = 20
"""Of one answer to so many SKUs: one would do."""

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


@dataclass(frozen=True)
class Stock:
    """What BigCommerce says of a SKU at the location; None for a figure that it does not give.

    `on_hand`: units on the shelf, which adjustments change; `available`: those less the safety stock, which may be 0
    or below 0 where less is on hand.
    """

    on_hand: int | None
    available: int | None


class BigCommerce:
    """The stock of one store at one location. May be called from any thread.

    Where the store's quota is spent, every call ends in `Retryable` until it is filled again, and none is made.
    """

    def __init__(self, transport: Transport, store_hash: str, location_id: int) -> None:
        self._transport = transport
        self._path = {"store_hash": store_hash}
        self._location_id = location_id
        self._quota = Quota()

    def inventory(self, skus: Sequence[str]) -> dict[str, Stock]:
        """The stock of each SKU at the location; a SKU that has none there is left out. BC_ITEMS

        Adjustments are applied asynchronously: a level may be the one from before.

        :raises Retryable: nothing was read.
        """
        found = {
            item.sku: Stock(level.total_inventory_onhand, level.available_to_sell)
            for item in self._items(skus)
            for level in item.locations
            if level.location_id == self._location_id
        }
        return {sku: found[sku] for sku in skus if sku in found}

    def variant_id(self, sku: str) -> int | None:
        """The variant that has exactly this SKU; None where the store does not know it. BC_VARIANTS

        :raises Retryable: nothing was read.
        """
        page = self._call(BC_VARIANTS, params=[("sku", sku)]).read(Page)
        return next((variant.id for variant in readable(BC_VARIANTS, page.data, Variant) if variant.sku == sku), None)

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

    def adjust_variant(self, reason: str, variant_id: int, change: int) -> str:
        """Add units to an item that its variant names; as `adjust` in all else. BC_RELATIVE"""
        return self._change(BC_RELATIVE, reason, [{"variant_id": variant_id, "quantity": change}])

    def set_level(self, reason: str, sku: str, level: int) -> str:
        """Set what is on hand of an item that was never counted; as `adjust` in all else. BC_ABSOLUTE"""
        return self._change(BC_ABSOLUTE, reason, [{"sku": sku, "quantity": level}])

    def _change(self, operation: Operation, reason: str, items: Sequence[Mapping[str, Any]]) -> str:
        located = [{"location_id": self._location_id, **item} for item in items]
        return self._call(operation, json={"reason": reason, "items": located}).read(Adjusted).transaction_id

    def _items(self, skus: Sequence[str]) -> Iterator[Item]:
        """A SKU with a comma, at which BigCommerce splits a list of them, is asked for by its variant."""
        plain = [sku for sku in skus if "," not in sku]
        variants = [self.variant_id(sku) for sku in skus if "," in sku]
        yield from self._items_by("sku:in", plain)
        yield from self._items_by("variant_id:in", [str(variant) for variant in variants if variant is not None])

    def _items_by(self, name: str, values: Sequence[str]) -> Iterator[Item]:
        for start in range(0, len(values), SKUS_PER_CALL):
            asked = ",".join(values[start : start + SKUS_PER_CALL])
            number, pages = 1, 1
            while number <= min(pages, MOST_PAGES):
                params = [(name, asked), ("location_id:in", str(self._location_id)), ("page", str(number))]
                page = self._call(BC_ITEMS, params=params).read(Page)
                yield from readable(BC_ITEMS, page.data, Item)
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
