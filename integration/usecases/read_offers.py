"""What Mirakl sells at this moment (OF21): one call for each SKU, several side by side.

The reads stand between what we know and what we send, so they are done as fast as is polite: a sale that falls among
them is overwritten (docs/decisions/0007).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from integration.domain.stock import shows_live
from integration.errors import Held, Rejected
from integration.ledger import claimed
from integration.ledger.tables import Intent
from integration.money import MOST_UNITS
from integration.usecases.ports import Ports

SIDE_BY_SIDE = 8
"""Calls at a time: 200 SKUs at 0.2 s a call are read in 5 s, well within a claim; one by one they would outlast it."""


@dataclass(frozen=True)
class Offer:
    """`quantity`: units that can be bought now; `live`: the product is on the marketplace, if only for want of stock
    not for sale."""

    quantity: int
    live: bool


@dataclass(frozen=True)
class Reading:
    """`unusable`: what stands in the way, by SKU, where there is no offer to count on; `unread`: SKUs for which the
    time was over."""

    offers: dict[str, Offer] = field(default_factory=dict)
    unusable: dict[str, Held] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()


def read_offers(
    ports: Ports, skus: Iterable[str], *, until: float | None = None, each_round: Callable[[], Any] = lambda: None
) -> Reading:
    """The offer of each SKU.

    :param until: (monotonic) after which no further round of calls is begun. The first round is made in any case.
    :param each_round: called after each round, in this thread.
    :raises Retryable: not all could be read.
    """

    def look(sku: str) -> Offer | Held:
        try:
            return _read(ports, sku)
        except Held as held:
            return held
        except Rejected as rejected:
            return Held("no_such_offer", f"OF21 refuses to be asked for SKU {sku}: {rejected.message}")

    wanted = list(dict.fromkeys(skus))
    found: dict[str, Offer | Held] = {}
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="offers") as hands:
        for start in range(0, len(wanted), SIDE_BY_SIDE):
            portion = wanted[start : start + SIDE_BY_SIDE]
            if found and until is not None and time.monotonic() > until:
                break
            found |= zip(portion, hands.map(look, portion), strict=True)
            each_round()
    offers = {sku: one for sku, one in found.items() if isinstance(one, Offer)}
    unusable = {sku: one for sku, one in found.items() if isinstance(one, Held)}
    return Reading(offers, unusable, frozenset(wanted) - found.keys())


def keeping_the_claim(ports: Ports, intent: Intent) -> Callable[[], None]:
    """For `each_round`, where nothing is sent after the reading: it may take as long as it takes, under one claim."""
    lease = ports.settings.claim_lease
    renewed = time.monotonic()

    def renew() -> None:
        nonlocal renewed
        if time.monotonic() - renewed > lease / 4:
            with ports.ledger.write() as tx:
                claimed.renew(tx, intent, lease=lease)
            renewed = time.monotonic()

    return renew


def _read(ports: Ports, sku: str) -> Offer:
    offers = ports.mirakl.offers(sku)
    if not offers:
        raise Held("no_such_offer", f"OF21 shows no offer with SKU {sku}.")
    if len(offers) > 1:
        raise Held("offer_not_unique", f"OF21 shows {len(offers)} offers with SKU {sku}.")
    quantity = offers[0].quantity
    if quantity is None:
        raise Held("offer_without_quantity", f"OF21 does not say how many units of {sku} are on sale.")
    if not 0 <= quantity <= MOST_UNITS:
        raise Held("offer_without_quantity", f"OF21 shows {quantity} units of {sku}: nothing can be added to that.")
    return Offer(quantity, shows_live(offers[0].active, offers[0].inactivity_reasons))
