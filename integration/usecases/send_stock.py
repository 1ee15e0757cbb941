"""Send the units that came back to Mirakl (STO01): absolute quantities, computed from the offers as they are now."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from integration.domain.stock import StockSent, all_landed
from integration.errors import Held, Rejected
from integration.ledger import intents
from integration.ledger.stock import get_import, movements
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent
from integration.mirakl.operations import STO01
from integration.mirakl.wire.offers import StockLine
from integration.usecases.acts import Act, AlreadyThere, WaitsFor
from integration.usecases.move_units import hold_movement
from integration.usecases.ports import Ports
from integration.usecases.stock_channel import open_channel, sendable

MOST_SKUS = 200
"""Lines of one import: each costs one read (OF21) under the claim, and more than this would outlast the lease."""

FIRST_LOOK = 5.0
"""Seconds until an import is first asked after (STO02 may be called every 15 s)."""


@dataclass(frozen=True)
class Sent:
    """`import_id`: Mirakl's, or None where the import was found by its effect; `lines`: what was sent."""

    import_id: str | None


class SendStock(Act[list[StockSent], Sent]):
    """One file for everything that is pending. What comes meanwhile goes with the next."""

    kind: ClassVar[str] = "send_stock"
    queue: ClassVar[str] = "restock"
    review_kind: ClassVar[str] = "stock"

    def prepare(self, ports: Ports, intent: Intent) -> list[StockSent]:
        if wait := ports.gate.opens_in(STO01):
            raise WaitsFor("ceiling_closed", wait)
        units = self._attach(ports, intent)
        before, unsendable = _offer_quantities(ports, units)
        if unsendable:
            self._hold_unsendable(ports, intent, unsendable)
        master = _master_levels(ports, before)
        lines = [
            StockSent(sku, quantity, units[sku], master.get(sku, quantity + units[sku]))
            for sku, quantity in before.items()
        ]
        if not lines:
            raise AlreadyThere(Sent(None))
        return lines

    def plan(self, intent: Intent, prepared: list[StockSent]) -> Facts:
        return {"lines": [vars(line) for line in prepared]}

    def send(self, ports: Ports, prepared: list[StockSent]) -> Sent:
        return Sent(ports.mirakl.import_stock([StockLine(sku=line.sku, quantity=line.sent) for line in prepared]))

    def read_back(self, ports: Ports, intent: Intent) -> Sent | None:
        lines = [StockSent(**line) for line in intent.plan["lines"]]
        now, _ = _offer_quantities(ports, [line.sku for line in lines])
        levels = [(line, now.get(line.sku)) for line in lines]
        verdict = all_landed(levels)
        if verdict is None:
            raise Held(
                "stock_outcome_ambiguous",
                "An import has no known outcome and the offers' quantities do not tell: compare them with what was "
                "sent, then replay the movements that did not arrive.",
                {"lines": [{**vars(line), "now": level} for line, level in levels]},
            )
        return Sent(None) if verdict else None

    def evidence(self, intent: Intent, answer: Sent) -> Facts:
        return {"import_id": answer.import_id}

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: Sent) -> None:
        row = get_import(tx, uuid.UUID(intent.subject))
        carried = movements(tx, states=["pending"], import_id=row.id)
        if answer.import_id is None:  # nothing was left to send, or its effect was found
            row.finished_at = tx.now
            for movement in carried:
                movement.state, movement.done_at = "done", tx.now
            tx.session.flush()
            open_channel(ports, tx)
            return
        row.mirakl_import_id, row.sent_at = answer.import_id, tx.now
        for movement in carried:
            movement.state = "sent"
        intents.decide(
            tx, "follow_import", intent.subject, plan={"import_id": answer.import_id},
            due_at=tx.now + timedelta(seconds=ports.settings.scaled(FIRST_LOOK)),
        )  # fmt: skip

    def refused(self, intent: Intent, rejected: Rejected) -> Held:
        return Held(
            "import_rejected",
            f"Mirakl refused the stock file: {rejected.message}",
            {"status": rejected.status},
        )

    def hold(self, tx: Tx, intent: Intent, held: Held) -> None:
        """The units of this file wait for a person; the channel is free for others."""
        row = get_import(tx, uuid.UUID(intent.subject))
        row.finished_at, row.status = tx.now, "HELD"
        for movement in movements(tx, states=["pending"], import_id=row.id):
            hold_movement(tx, movement, held)

    def _attach(self, ports: Ports, intent: Intent) -> Counter[str]:
        """Everything pending goes with this import; units by SKU."""
        import_id = uuid.UUID(intent.subject)
        with ports.ledger.write() as tx:
            carried = movements(tx, states=["pending"], import_id=import_id)
            units = Counter[str]()
            for movement in [*carried, *sendable(ports, tx)]:
                if movement.sku in units or len(units) < MOST_SKUS:
                    movement.import_id = import_id
                    units[movement.sku] += movement.quantity
        return units

    def _hold_unsendable(self, ports: Ports, intent: Intent, unsendable: Mapping[str, Held]) -> None:
        """One bad offer keeps no other unit of the file off sale."""
        with ports.ledger.write() as tx:
            for movement in movements(tx, states=["pending"], import_id=uuid.UUID(intent.subject)):
                if movement.sku in unsendable:
                    movement.import_id = None
                    hold_movement(tx, movement, unsendable[movement.sku])


def _master_levels(ports: Ports, skus: Iterable[str]) -> dict[str, int]:
    """The stock master's level of each SKU, in which our units are already; empty without a stock master."""
    if ports.bigcommerce is None:
        return {}
    names = {sku: ports.mappings.current().skus.to_bigcommerce(sku) or sku for sku in skus}
    levels = ports.bigcommerce.inventory(list(names.values()))
    return {sku: levels[name] for sku, name in names.items() if name in levels}


def _offer_quantities(ports: Ports, skus: Iterable[str]) -> tuple[dict[str, int], dict[str, Held]]:
    """The quantity of each SKU's offer (OF21), and what stands in the way where there is none to add to."""
    quantities, unsendable = {}, {}
    for sku in skus:
        try:
            quantities[sku] = _offer_quantity(ports, sku)
        except Held as held:
            unsendable[sku] = held
    return quantities, unsendable


def _offer_quantity(ports: Ports, sku: str) -> int:
    offers = ports.mirakl.offers(sku)
    if not offers:
        raise Held("no_such_offer", f"OF21 shows no offer with SKU {sku}.")
    if len(offers) > 1:
        raise Held("offer_not_unique", f"OF21 shows {len(offers)} offers with SKU {sku}.")
    if offers[0].quantity is None:
        raise Held("offer_without_quantity", f"OF21 does not say how many units of {sku} are on sale.")
    return offers[0].quantity
