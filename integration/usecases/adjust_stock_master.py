"""Add the units that came back to what BigCommerce has on hand, once."""

from __future__ import annotations

from typing import ClassVar

from integration.bigcommerce.client import other_way
from integration.domain.orders import Waits
from integration.errors import Held, Rejected
from integration.ledger import intents
from integration.ledger.stock import adjusted_since, movements
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, MovementRow
from integration.usecases.acts import WaitsFor
from integration.usecases.await_stock_master import APPLIES_WITHIN, AwaitStockMaster
from integration.usecases.ports import Ports
from integration.usecases.stock_master import (
    Adjustment,
    Level,
    MasterAct,
    adjustment_of,
    level_of,
    master_of,
    master_sku,
    movement_of,
)

WHY = "returned units"


class AdjustStockMaster(MasterAct):
    """A relative adjustment counts twice when it is repeated, and sales may hide that it was applied: an outcome that
    nobody knows, and that the level does not show, is a person's to tell (docs/decisions/0007).
    """

    kind: ClassVar[str] = "adjust_stock_master"
    withheld_in_recovery: ClassVar[bool] = True

    def prepare(self, ports: Ports, intent: Intent) -> Adjustment:
        with ports.ledger.read() as tx:
            movement = movement_of(tx, intent)
            sku = master_sku(ports, movement.sku)
            if _another_is_on_its_way(ports, tx, movement, sku):
                raise WaitsFor("stock_master_applies", ports.settings.scaled(APPLIES_WITHIN))
        level = level_of(ports, sku)
        if intent.plan:
            _require_turned_away(adjustment_of(intent.plan), level)
        return _adjustment(ports, sku, level, movement.quantity, asked_for=intent.reason)

    def plan(self, intent: Intent, prepared: Adjustment) -> Facts:
        return vars(prepared)

    def send(self, ports: Ports, prepared: Adjustment) -> Adjustment:
        master = master_of(ports)
        if prepared.product_id is not None:
            master.adjust_product(WHY, prepared.product_id, prepared.quantity)
        elif prepared.how == "absolute":
            master.set_level(WHY, prepared.sku, prepared.expected)
        elif prepared.variant_id is not None:
            master.adjust_variant(WHY, prepared.variant_id, prepared.quantity)
        else:
            master.adjust(WHY, {prepared.sku: prepared.quantity})
        return prepared

    def refused(self, intent: Intent, rejected: Rejected) -> Held | Waits:
        """An item that is adjusted in another way is, next time; what BigCommerce asked for is the row's reason."""
        sent = adjustment_of(intent.plan)
        way = other_way(rejected)
        if sent.how != "relative" or way is None or (way == "absolute" and not _may_be_set(sent.available)):
            return super().refused(intent, rejected)
        return Waits("tracked_by_product") if way == "by_product" else Waits("never_counted")

    def read_back(self, ports: Ports, intent: Intent) -> Adjustment | None:
        sent = adjustment_of(intent.plan)
        level = level_of(ports, sent.sku)
        with ports.ledger.read() as tx:
            others = adjusted_since(tx, sent.sku, since=intent.sent_at, but=intent.id)
        if not others and sent.shown_by(level):
            return sent
        if not others and level.on_hand <= sent.on_hand and intent.absences == 0:
            return None  # it may be applied yet: looked at once more, after a while
        raise Held(
            "stock_master_unclear",
            f"BigCommerce's answer got lost. It shows {level.on_hand} of {sent.sku} on hand; it had {sent.on_hand}, "
            f"and {sent.quantity} were to be added, and sales may have taken units off since. Look there whether they "
            "were added, then resolve.",
            {**intent.plan, "now": vars(level)},
        )

    def read_before_repeat(self, ports: Ports, intent: Intent) -> Adjustment | None:
        """`prepare` looks, in the reading that it adjusts from."""
        return None

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: Adjustment) -> None:
        awaited, new = intents.decide(tx, AwaitStockMaster.kind, intent.subject, plan=vars(answer))
        if not new:  # a person had the units added once more
            intents.reopen(tx, awaited, reason="adjusted_again", plan=vars(answer))


def _adjustment(ports: Ports, sku: str, level: Level, quantity: int, *, asked_for: str | None) -> Adjustment:
    on_hand, available = level.on_hand, level.available
    if asked_for == "tracked_by_product":
        product_id = master_of(ports).product_id(sku)
        return Adjustment(sku, on_hand, available, quantity, "by_product", product_id)
    if asked_for == "never_counted" and _may_be_set(available):
        return Adjustment(sku, on_hand, available, quantity, "absolute")
    variant_id = master_of(ports).variant_id(sku) if "," in sku else None
    return Adjustment(sku, on_hand, available, quantity, variant_id=variant_id)


def _may_be_set(available: int) -> bool:
    """Setting a level overwrites what is sold meanwhile, so only where there is nothing to be sold."""
    return available <= 0


def _require_turned_away(sent: Adjustment, level: Level) -> None:
    """What was turned away (429, 401, 422) or never left had no effect; a level that rose since may say otherwise."""
    if level.on_hand > sent.on_hand:
        raise Held(
            "stock_master_unclear",
            f"An adjustment of {sent.sku} was turned away, and yet BigCommerce shows {level.on_hand} on hand instead "
            f"of {sent.on_hand}. Look there whether {sent.quantity} were added for us, then resolve.",
            {**vars(sent), "now": vars(level)},
        )


def _another_is_on_its_way(ports: Ports, tx: Tx, movement: MovementRow, sku: str) -> bool:
    """Its units, arriving late, would be taken for ours, and ours would then be missing on Mirakl."""
    for other in movements(tx, states=["pending"]):
        if other.id == movement.id or other.in_stock_master or _name(ports, other) != sku:
            continue
        awaited = intents.find(tx, AwaitStockMaster.kind, str(other.id))
        adjusted = intents.find(tx, AdjustStockMaster.kind, str(other.id))
        if awaited is not None and awaited.state in intents.OPEN:
            return True
        if adjusted is not None and adjusted.state in intents.OPEN and adjusted.plan:
            return True
    return False


def _name(ports: Ports, movement: MovementRow) -> str | None:
    return ports.mappings.current().skus.to_bigcommerce(movement.sku)
