"""What happens to offers and stock levels beside the fleet's own imports."""

from __future__ import annotations

from collections.abc import Mapping

from integration.sandbox.bigcommerce.operations import REFUSALS
from integration.sandbox.mirakl.records import Offer
from integration.sandbox.world import World


def seed_offers(world: World, stock: Mapping[str, int], *, live: bool) -> None:
    """Put SKUs on sale with so many units, or set the units of those that are."""
    for sku, quantity in stock.items():
        offer = world.offers.setdefault(sku, Offer(2000 + len(world.offers), sku, quantity))
        offer.quantity, offer.live = quantity, live


def sell_units(world: World, sku: str, quantity: int) -> None:
    """Another shopper buys: Mirakl takes the units off the offer by itself."""
    offer = world.offers[sku]
    if quantity > offer.quantity:
        raise ValueError(f"there are only {offer.quantity} units of {sku}")
    offer.quantity -= quantity


def set_product_live(world: World, sku: str, *, live: bool) -> None:
    """The product's synchronisation is over, or has begun again."""
    world.offers[sku].live = live


def set_bigcommerce_levels(world: World, stock: Mapping[str, int]) -> None:
    """What the BigCommerce store has on hand at its location."""
    for sku, quantity in stock.items():
        world.inventory.set_level(sku, world.options.bigcommerce_location_id, quantity)


def set_bigcommerce_safety_stock(world: World, sku: str, units: int) -> None:
    """So many units of an item are not to be sold."""
    world.inventory.items[sku].safety_stock = units


def sell_from_bigcommerce(world: World, sku: str, quantity: int) -> None:
    """A shopper of the store buys."""
    world.inventory.items[sku].sell(world.options.bigcommerce_location_id, quantity)


def end_imports_as(world: World, status: str | None) -> None:
    """What STO02 shows of imports that are over, in place of their own status; None for that again. The file has its
    effect all the same.
    """
    world.import_status = status


def set_bigcommerce_refusal(world: World, sku: str, refusal: str | None) -> None:
    """Have adjustments of an item refused with 422: `absolute_first`, `tracked_by_product`, or None."""
    if refusal not in (None, *REFUSALS):
        raise ValueError(f"{refusal} is not a refusal")
    world.inventory.items[sku].refuses = refusal
