"""BigCommerce as Backhaul uses it: read levels, and add or take units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from integration.bigcommerce.operations import BC_ITEMS, BC_RELATIVE
from integration.bigcommerce.wire import Adjusted, ItemsPage
from integration.http import Transport

SKUS_PER_CALL = 50
"""SKUs travel in the address, which has to stay short."""


class BigCommerce:
    """The stock of one store at one location. May be called from any thread.

    A spent quota is a 429 that says when it is filled again, and so is the `Retryable` it becomes.
    """

    def __init__(self, transport: Transport, store_hash: str, location_id: int) -> None:
        self._transport = transport
        self._path = {"store_hash": store_hash}
        self._location_id = location_id

    def inventory(self, skus: Sequence[str]) -> dict[str, int]:
        """Units that may be sold at the location, by SKU; a SKU that has no stock there is left out. BC_ITEMS

        Adjustments are applied asynchronously: a level may be the one from before.

        :raises Retryable: nothing was read.
        """
        levels: dict[str, int] = {}
        for start in range(0, len(skus), SKUS_PER_CALL):
            levels |= self._levels(skus[start : start + SKUS_PER_CALL])
        return {sku: levels[sku] for sku in skus if sku in levels}

    def _levels(self, skus: Sequence[str]) -> dict[str, int]:
        levels, number, pages = {}, 1, 1
        while number <= pages:
            params = [
                ("sku:in", ",".join(skus)),
                ("location_id:in", str(self._location_id)),
                ("page", str(number)),
            ]
            page = self._transport.call(BC_ITEMS, path=self._path, params=params).read(ItemsPage)
            for item in page.data:
                for level in item.locations:
                    if level.location_id == self._location_id:
                        levels[item.sku] = level.available_to_sell
            number, pages = number + 1, page.total_pages
        return levels

    def adjust(self, reason: str, changes: Mapping[str, int]) -> str:
        """Add units (or take them, where negative) by SKU, and return the transaction's id. BC_RELATIVE

        It takes no idempotency key: the same call again counts twice.

        :param reason: shown in BigCommerce; it should name the movement.
        :param changes: at most 2,000.
        :raises Retryable: no stock has changed.
        :raises Rejected: no stock has changed; 422 where an item takes no relative adjustment by its SKU.
        :raises OutcomeUnknown: the stock may have changed, or may yet.
        """
        items = [{"location_id": self._location_id, "sku": sku, "quantity": change} for sku, change in changes.items()]
        body = {"reason": reason, "items": items}
        return self._transport.call(BC_RELATIVE, path=self._path, json=body).read(Adjusted).transaction_id
