"""Send nothing to Mirakl before BigCommerce's level has the units in it: an adjustment is applied some time later."""

from __future__ import annotations

from typing import ClassVar

from integration.errors import Held
from integration.ledger import claimed
from integration.ledger.store import Tx
from integration.ledger.tables import Intent
from integration.usecases.acts import WaitsFor
from integration.usecases.ports import Ports
from integration.usecases.stock_channel import open_channel
from integration.usecases.stock_master import Adjustment, MasterAct, adjustment_of, level_of, movement_of

APPLIES_WITHIN = 5.0
"""Seconds between looks: an adjustment is applied asynchronously (contracts: BigCommerce, Adjust)."""

MOST_LOOKS = 24


class AwaitStockMaster(MasterAct):
    """Sales lower the level while we wait for it to rise, so any rise from one look to the next shows the units.

    Where none is seen in two minutes, as many were sold at once as came back, or BigCommerce has not applied what it
    took: a person looks, since Mirakl would miss the units in the second case.
    """

    kind: ClassVar[str] = "await_stock_master"
    reads_only: ClassVar[bool] = True

    def prepare(self, ports: Ports, intent: Intent) -> Adjustment:
        expected = adjustment_of(intent.plan)
        level = level_of(ports, expected.sku).on_hand
        lowest, looks = intent.plan.get("lowest", expected.on_hand), intent.plan.get("looks", 0) + 1
        if level > lowest:
            return expected
        with ports.ledger.write() as tx:
            claimed.remember(tx, intent, {**intent.plan, "lowest": level, "looks": looks})
        if looks > MOST_LOOKS:
            raise Held(
                "stock_master_unclear",
                f"BigCommerce took {expected.quantity} of {expected.sku} and shows {level} on hand, which had "
                f"{expected.on_hand} before: they are not added yet, or as many were sold at once. Look there; then "
                "resolve with --done where they are added, or replay to look again.",
                intent.plan,
            )
        raise WaitsFor("stock_master_applies", ports.settings.scaled(APPLIES_WITHIN))

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: Adjustment) -> None:
        movement = movement_of(tx, intent)
        movement.in_stock_master, movement.reason = True, None
        tx.session.flush()
        open_channel(ports, tx)
