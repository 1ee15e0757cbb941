"""BigCommerce as the stock master: add the units there first, and wait until its level shows them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import ClassVar, Literal

from integration.bigcommerce.client import BigCommerce, other_way
from integration.domain.orders import Waits
from integration.errors import Held, Rejected
from integration.ledger import intents
from integration.ledger.stock import get_movement, movements
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, MovementRow
from integration.usecases.acts import Act, WaitsFor
from integration.usecases.move_units import hold_movement
from integration.usecases.ports import Ports
from integration.usecases.stock_channel import open_channel

APPLIES_WITHIN = 5.0
"""Seconds between looks: an adjustment is applied asynchronously (contracts: BigCommerce, Adjust)."""

MOST_LOOKS = 24


How = Literal["relative", "by_product", "absolute"]


@dataclass(frozen=True)
class Adjustment:
    """`quantity` units to be added to the `before` there are of BigCommerce's `sku`.

    `how`: by the SKU, by its product (`product_id`), which tracks the stock of some items, or, for an item that was
    never counted and of which there are none, by setting its level.
    """

    sku: str
    before: int
    quantity: int
    how: How = "relative"
    product_id: int | None = None


class _MasterAct(Act[Adjustment, Adjustment]):
    queue: ClassVar[str] = "restock"
    review_kind: ClassVar[str] = "stock"

    def evidence(self, intent: Intent, answer: Adjustment) -> Facts:
        return vars(answer)

    def hold(self, tx: Tx, intent: Intent, held: Held) -> None:
        hold_movement(tx, _movement(tx, intent), held)


class AdjustStockMaster(_MasterAct):
    """A relative adjustment counts twice when it is repeated, so an unknown outcome is read and compared."""

    kind: ClassVar[str] = "adjust_stock_master"
    withheld_in_recovery: ClassVar[bool] = True

    def prepare(self, ports: Ports, intent: Intent) -> Adjustment:
        with ports.ledger.read() as tx:
            movement = _movement(tx, intent)
            if _another_is_awaited(tx, movement):
                raise WaitsFor("stock_master_applies", ports.settings.scaled(APPLIES_WITHIN))
        sku = ports.mappings.current().skus.to_bigcommerce(movement.sku)
        if sku is None:
            raise Held("unmapped_sku", f"skus.csv names no BigCommerce SKU for {movement.sku}.")
        return _adjustment(ports, sku, _level(ports, sku), movement.quantity, asked_for=intent.reason)

    def plan(self, intent: Intent, prepared: Adjustment) -> Facts:
        return vars(prepared)

    def send(self, ports: Ports, prepared: Adjustment) -> Adjustment:
        master, why = _master(ports), "returned units"
        if prepared.product_id is not None:
            master.adjust_product(why, prepared.product_id, prepared.quantity)
        elif prepared.how == "absolute":
            master.set_level(why, prepared.sku, prepared.before + prepared.quantity)
        else:
            master.adjust(why, {prepared.sku: prepared.quantity})
        return prepared

    def refused(self, intent: Intent, rejected: Rejected) -> Held | Waits:
        """An item that is adjusted in another way is, next time; what BigCommerce asked for is the row's reason."""
        sent = Adjustment(**intent.plan)
        way = other_way(rejected)
        # Setting a level overwrites what is sold meanwhile, so only where there is nothing to be sold.
        if sent.how != "relative" or way is None or (way == "absolute" and sent.before != 0):
            return super().refused(intent, rejected)
        return Waits("tracked_by_product") if way == "by_product" else Waits("never_counted")

    def read_back(self, ports: Ports, intent: Intent) -> Adjustment | None:
        sent = Adjustment(**intent.plan)
        level = _level(ports, sent.sku)
        if level == sent.before + sent.quantity:
            return sent
        if level == sent.before:
            return None
        raise Held(
            "stock_master_unclear",
            f"BigCommerce shows {level} of {sent.sku}; it had {sent.before} and {sent.quantity} were to be added. "
            "Look there whether they were, then resolve.",
            {**intent.plan, "now": level},
        )

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: Adjustment) -> None:
        intents.decide(tx, "await_stock_master", intent.subject, plan=vars(answer))


class AwaitStockMaster(_MasterAct):
    """Send nothing to Mirakl before the master's level has the units in it."""

    kind: ClassVar[str] = "await_stock_master"
    reads_only: ClassVar[bool] = True

    def prepare(self, ports: Ports, intent: Intent) -> Adjustment:
        expected = Adjustment(**intent.plan)
        level = _level(ports, expected.sku)
        if level >= expected.before + expected.quantity:
            return expected
        if intent.attempts > MOST_LOOKS:
            raise Held("stock_master_unclear", f"BigCommerce still shows {level} of {expected.sku}.", intent.plan)
        raise WaitsFor("stock_master_applies", ports.settings.scaled(APPLIES_WITHIN))

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: Adjustment) -> None:
        movement = _movement(tx, intent)
        movement.in_stock_master, movement.reason = True, None
        tx.session.flush()
        open_channel(ports, tx)


def _adjustment(ports: Ports, sku: str, level: int, quantity: int, *, asked_for: str | None) -> Adjustment:
    if asked_for == "tracked_by_product":
        product_id = _master(ports).product_id(sku)
        return Adjustment(sku, level, quantity, "by_product", product_id)
    if asked_for == "never_counted" and level == 0:
        return Adjustment(sku, level, quantity, "absolute")
    return Adjustment(sku, level, quantity)


def _movement(tx: Tx, intent: Intent) -> MovementRow:
    movement = get_movement(tx, uuid.UUID(intent.subject))
    if movement is None:
        raise Held("movement_not_in_ledger", f"Movement {intent.subject} is not in the ledger.")
    return movement


def _another_is_awaited(tx: Tx, movement: MovementRow) -> bool:
    """Its units, arriving late, would be taken for ours, and ours would then be missing on Mirakl."""
    others = (
        other
        for other in movements(tx, states=["pending"])
        if other.sku == movement.sku and other.id != movement.id and not other.in_stock_master
    )
    awaited = (intents.find(tx, AwaitStockMaster.kind, str(other.id)) for other in others)
    return any(intent is not None and intent.state in intents.OPEN for intent in awaited)


def _master(ports: Ports) -> BigCommerce:
    if ports.bigcommerce is None:
        raise Held("no_stock_master", "BigCommerce is not configured any more: set it, or replay the movement.")
    return ports.bigcommerce


def _level(ports: Ports, sku: str) -> int:
    level = _master(ports).inventory([sku]).get(sku)
    if level is None:
        raise Held("not_in_stock_master", f"BigCommerce has no {sku} at this location.")
    return level
