"""What Mirakl sells at this moment (OF21): one call for each SKU, several side by side.

The reads stand between what we know and what we send, so they are done as fast as is polite: a sale that falls among
them is overwritten (docs/decisions/0007).
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from integration.domain.stock import shows_live
from integration.errors import Held
from integration.usecases.ports import Ports

SIDE_BY_SIDE = 8
"""Calls at a time: 200 SKUs at 0.2 s a call are read in 5 s, well within a claim; one by one they would outlast it."""


@dataclass(frozen=True)
class Offer:
    """`quantity`: units that can be bought now; `live`: the product is on the marketplace, if only for want of stock
    not for sale."""

    quantity: int
    live: bool


def read_offers(ports: Ports, skus: Iterable[str]) -> tuple[dict[str, Offer], dict[str, Held]]:
    """The offer of each SKU, and what stands in the way where there is none to count on.

    :raises Retryable: not all could be read.
    """

    def look(sku: str) -> Offer | Held:
        try:
            return _read(ports, sku)
        except Held as held:
            return held

    wanted = list(skus)
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="offers") as hands:
        found = dict(zip(wanted, hands.map(look, wanted), strict=True))
    offers = {sku: one for sku, one in found.items() if isinstance(one, Offer)}
    return offers, {sku: one for sku, one in found.items() if isinstance(one, Held)}


def _read(ports: Ports, sku: str) -> Offer:
    offers = ports.mirakl.offers(sku)
    if not offers:
        raise Held("no_such_offer", f"OF21 shows no offer with SKU {sku}.")
    if len(offers) > 1:
        raise Held("offer_not_unique", f"OF21 shows {len(offers)} offers with SKU {sku}.")
    if offers[0].quantity is None:
        raise Held("offer_without_quantity", f"OF21 does not say how many units of {sku} are on sale.")
    return Offer(offers[0].quantity, shows_live(offers[0].active, offers[0].inactivity_reasons))
