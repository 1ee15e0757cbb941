"""BigCommerce's inventory and catalogue: adjustments apply later, and twice if they are sent twice."""

from __future__ import annotations

import math
import uuid
from typing import TYPE_CHECKING, Any

from integration.sandbox.bigcommerce.levels import Item
from integration.sandbox.calls import Answer, Call, Operation, Refused

if TYPE_CHECKING:
    from integration.sandbox.world import World

MOST_ITEMS = 2000
QUOTA_WINDOW = 30.0
REFUSALS = {
    "absolute_first": "requires absolute adjustment before relative",
    "tracked_by_product": "is tracked by product",
}


def known_caller(world: World, call: Call) -> None:
    """:raises Refused: 401 for another token, 404 for another store, 429 once the shared quota is spent."""
    if call.headers.get("X-Auth-Token") != world.options.bigcommerce_token:
        raise Refused(401, {"status": 401, "title": "Unauthorized"})
    if call.path["store_hash"] != world.options.bigcommerce_store_hash:
        raise Refused(404, {"status": 404, "title": "Not found"})
    if not world.inventory.spend(world.options.bigcommerce_quota, QUOTA_WINDOW * world.options.scale):
        wait = math.ceil(world.inventory.reset_milliseconds() / 1000)
        headers = {**_rate_headers(world), "Retry-After": str(max(1, wait))}
        raise Refused(429, {"status": 429, "title": "Too many requests"}, headers)


def read_inventory(world: World, call: Call) -> Answer:
    """GET inventory/items by `sku:in` or `variant_id:in`, which split at commas, and `location_id:in`."""
    skus, variants = call.listed("sku:in"), call.listed("variant_id:in")
    locations = {int(each) for each in call.listed("location_id:in") if each.isdigit()}
    found = [
        item
        for item in world.inventory.items.values()
        if (not skus or item.sku in skus) and (not variants or str(item.number) in variants)
    ]
    return _page(world, call, [_inventory_view(world, item, locations) for item in found])


def read_variants(world: World, call: Call) -> Answer:
    """GET catalog/variants by `sku`."""
    sku = call.one("sku")
    found = [item for item in world.inventory.items.values() if sku in (None, item.sku)]
    views = [{"id": item.number, "product_id": item.number, "sku": item.sku} for item in found]
    return _page(world, call, views)


def set_levels(world: World, call: Call) -> Answer:
    """PUT adjustments/absolute."""
    return _adjust(world, call, relative=False)


def add_to_levels(world: World, call: Call) -> Answer:
    """POST adjustments/relative: no idempotency key, so a repeated +1 counts twice."""
    return _adjust(world, call, relative=True)


def _adjust(world: World, call: Call, *, relative: bool) -> Answer:
    adjustments = [_checked(world, entry, relative=relative) for entry in _entries(world, call)]

    def apply() -> None:
        for item, location, quantity in adjustments:
            before = item.levels.get(location, 0) if relative else 0
            item.levels[location] = before + quantity
            if not relative and item.refuses == "absolute_first":
                item.refuses = None

    world.later(world.options.adjustment_delay, apply)
    return Answer(body={"transaction_id": str(uuid.uuid4())}, headers=_rate_headers(world))


def _entries(world: World, call: Call) -> list[dict[str, Any]]:
    try:
        entries = call.json()["items"]
        well_formed = 1 <= len(entries) <= MOST_ITEMS and all(
            isinstance(entry["quantity"], int) and isinstance(entry["location_id"], int) for entry in entries
        )
    except (ValueError, KeyError, TypeError):
        well_formed = False
    if not well_formed:
        raise _unprocessable(world, "The items are malformed")
    checked: list[dict[str, Any]] = entries
    return checked


def _checked(world: World, entry: dict[str, Any], *, relative: bool) -> tuple[Item, int, int]:
    item = world.inventory.find(
        sku=entry.get("sku"), product_id=entry.get("product_id"), variant_id=entry.get("variant_id")
    )
    if item is None:
        raise _unprocessable(world, "The item was not found")
    by_product = entry.get("product_id") is not None
    if (item.refuses == "absolute_first" and relative) or (item.refuses == "tracked_by_product" and not by_product):
        raise _unprocessable(world, f"SKU {item.sku} {REFUSALS[str(item.refuses)]}")
    return item, entry["location_id"], entry["quantity"]


def _unprocessable(world: World, title: str) -> Refused:
    return Refused(422, {"status": 422, "title": title, "errors": {}}, _rate_headers(world))


def _rate_headers(world: World) -> dict[str, str]:
    return {
        "X-Rate-Limit-Requests-Left": str(world.inventory.requests_left),
        "X-Rate-Limit-Requests-Quota": str(world.options.bigcommerce_quota),
        "X-Rate-Limit-Time-Reset-Ms": str(world.inventory.reset_milliseconds()),
        "X-Rate-Limit-Time-Window-Ms": str(int(QUOTA_WINDOW * world.options.scale * 1000)),
    }


def _page(world: World, call: Call, rows: list[dict[str, Any]]) -> Answer:
    limit, page = int(call.one("limit") or 50), int(call.one("page") or 1)
    pagination = {
        "total": len(rows),
        "count": len(rows[(page - 1) * limit : page * limit]),
        "per_page": limit,
        "current_page": page,
        "total_pages": max(1, math.ceil(len(rows) / limit)),
    }
    shown = rows[(page - 1) * limit : page * limit]
    return Answer(body={"data": shown, "meta": {"pagination": pagination}}, headers=_rate_headers(world))


def _inventory_view(world: World, item: Item, locations: set[int]) -> dict[str, Any]:
    return {
        "identity": {
            "sku": item.sku,
            "sku_id": item.number,
            "product_id": item.number,
            "variant_id": item.number,
        },
        "locations": [
            {
                "location_id": location,
                "available_to_sell": (
                    available := item.available(location, below_zero=world.options.bigcommerce_below_zero)
                ),
                "total_inventory_onhand": level,
                "settings": {"safety_stock": item.safety_stock, "is_in_stock": available > 0},
            }
            for location, level in item.levels.items()
            if not locations or location in locations
        ],
    }


_INVENTORY = "/stores/{store_hash}/v3/inventory"

OPERATIONS = (
    Operation("BC_ITEMS", "GET", f"{_INVENTORY}/items", read_inventory, known_caller),
    Operation("BC_ABSOLUTE", "PUT", f"{_INVENTORY}/adjustments/absolute", set_levels, known_caller),
    Operation("BC_RELATIVE", "POST", f"{_INVENTORY}/adjustments/relative", add_to_levels, known_caller),
    Operation("BC_VARIANTS", "GET", "/stores/{store_hash}/v3/catalog/variants", read_variants, known_caller),
)
