"""BigCommerce as the stock master: what its figures say, and which of them may be counted on."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from integration.bigcommerce.client import SKUS_PER_CALL, BigCommerce, Stock
from integration.errors import Held
from integration.ledger.stock import get_movement
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, MovementRow
from integration.usecases.acts import Act
from integration.usecases.move_units import hold_movement
from integration.usecases.ports import Ports

How = Literal["relative", "by_product", "absolute"]


@dataclass(frozen=True)
class Level:
    """`on_hand`: what lies on the shelf, and what adjustments change; `available`: that less the safety stock."""

    on_hand: int
    available: int

    @property
    def for_sale(self) -> int:
        """What Mirakl may show: below the safety stock there is nothing to be sold, and never less than nothing."""
        return max(0, self.available)


@dataclass(frozen=True)
class Adjustment:
    """`quantity` units to be added to the `on_hand` there are of BigCommerce's `sku`.

    `how`: by the SKU, by its product (`product_id`), which tracks the stock of some items, or, for an item that was
    never counted and of which none can be sold, by setting its level. `variant_id`: for a SKU that BigCommerce would
    split. `available`: what could be sold when it was read.
    """

    sku: str
    on_hand: int
    available: int
    quantity: int
    how: How = "relative"
    product_id: int | None = None
    variant_id: int | None = None

    @property
    def expected(self) -> int:
        """On hand once it is applied, as long as nothing is sold."""
        return self.on_hand + self.quantity

    def shown_by(self, level: Level) -> bool:
        """Whether only this adjustment explains the level: sales take units off, and never put any on."""
        return self.on_hand < level.on_hand <= self.expected


def adjustment_of(plan: Facts) -> Adjustment:
    """:raises Held: a version before this one planned it by another figure."""
    if "on_hand" not in plan:
        raise Held(
            "stock_master_unclear",
            "An earlier version compared BigCommerce's available_to_sell: look there whether the units were added.",
            plan,
        )
    names = Adjustment.__dataclass_fields__
    return Adjustment(**{name: value for name, value in plan.items() if name in names})


class MasterAct(Act[Adjustment, Adjustment]):
    """A step of a movement's way through the stock master."""

    queue: ClassVar[str] = "restock"
    review_kind: ClassVar[str] = "stock"

    def evidence(self, intent: Intent, answer: Adjustment) -> Facts:
        return vars(answer)

    def hold(self, tx: Tx, intent: Intent, held: Held) -> None:
        hold_movement(tx, movement_of(tx, intent), held)


def movement_of(tx: Tx, intent: Intent) -> MovementRow:
    movement = get_movement(tx, uuid.UUID(intent.subject))
    if movement is None:
        raise Held("movement_not_in_ledger", f"Movement {intent.subject} is not in the ledger.")
    return movement


def master_of(ports: Ports) -> BigCommerce:
    if ports.bigcommerce is None:
        raise Held("no_stock_master", "BigCommerce is not configured any more: set it, or replay the movement.")
    return ports.bigcommerce


def master_sku(ports: Ports, sku: str) -> str:
    """BigCommerce's name for a Mirakl offer SKU."""
    name = ports.mappings.current().skus.to_bigcommerce(sku)
    if name is None:
        raise Held("unmapped_sku", f"skus.csv names no BigCommerce SKU for {sku}.")
    return name


def level_of(ports: Ports, sku: str) -> Level:
    """What BigCommerce shows of its own `sku` now."""
    return _counted(sku, master_of(ports).inventory([sku]).get(sku))


@dataclass(frozen=True)
class Levels:
    """By Mirakl offer SKU. `unusable`: what stands in the way where there is no level to count on; `unread`: those
    for which the time was over."""

    found: dict[str, Level] = field(default_factory=dict)
    unusable: dict[str, Held] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()


def levels_of(ports: Ports, skus: Iterable[str], *, until: float) -> Levels:
    """The master's level of each Mirakl offer SKU; after `until` (monotonic) no further call but the first is begun."""
    names: dict[str, str] = {}
    unusable: dict[str, Held] = {}
    for sku in skus:
        try:
            names[sku] = master_sku(ports, sku)
        except Held as unmapped:
            unusable[sku] = unmapped
    seen: dict[str, Stock | None] = {}
    for call in _calls(list(dict.fromkeys(names.values()))):
        if seen and time.monotonic() > until:
            break
        shown = master_of(ports).inventory(call)
        seen |= {name: shown.get(name) for name in call}
    found: dict[str, Level] = {}
    for sku, name in names.items():
        try:
            if name in seen:
                found[sku] = _counted(name, seen[name])
        except Held as uncounted:
            unusable[sku] = uncounted
    return Levels(found, unusable, frozenset(sku for sku, name in names.items() if name not in seen))


def _calls(names: Sequence[str]) -> Iterator[list[str]]:
    """What is asked for together. A name with a comma takes calls of its own."""
    plain = [name for name in names if "," not in name]
    for start in range(0, len(plain), SKUS_PER_CALL):
        yield plain[start : start + SKUS_PER_CALL]
    yield from ([name] for name in names if "," in name)


def _counted(sku: str, stock: Stock | None) -> Level:
    if stock is None:
        raise Held("not_in_stock_master", f"BigCommerce has no {sku} at this location.")
    if stock.on_hand is None or stock.available is None:
        raise Held(
            "stock_master_without_level",
            f"BigCommerce does not say how many units of {sku} are on hand (total_inventory_onhand) and can be sold "
            "(available_to_sell): look at the item there, then replay.",
        )
    return Level(stock.on_hand, stock.available)
