"""Send the units that came back to Mirakl (STO01): absolute quantities, computed from the offers as they are now."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from integration.domain.stock import StockSent
from integration.errors import Held, Rejected
from integration.ledger import intents
from integration.ledger.stock import get_import, movements
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, MovementRow
from integration.mirakl.operations import STO01
from integration.mirakl.wire.offers import StockLine
from integration.usecases.acts import Act, AlreadyThere, WaitsFor
from integration.usecases.compare_offers import has_landed, unexplained_before_the_next
from integration.usecases.move_units import hold_movement
from integration.usecases.ports import Ports
from integration.usecases.read_offers import read_offers
from integration.usecases.stock_channel import open_channel, sendable

MOST_SKUS = 200
"""Lines of one import: each costs one read (OF21) under the claim, and widens the window in which a sale is lost."""

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
    withheld_in_recovery: ClassVar[bool] = True

    def prepare(self, ports: Ports, intent: Intent) -> list[StockSent]:
        if wait := ports.gate.opens_in(STO01):
            raise WaitsFor("ceiling_closed", wait)
        carried = self._attach(ports, intent)
        units = _units_of(carried)
        offers, unsendable = read_offers(ports, units)
        if intent.sends and has_landed(intent, offers):  # after the two readings that did not find it
            raise AlreadyThere(Sent(None))
        unsendable |= unexplained_before_the_next(ports, offers, carried)
        if unsendable:
            self._hold_unsendable(ports, intent, unsendable)
        sendable_offers = {sku: offer for sku, offer in offers.items() if sku not in unsendable}
        master = _master_levels(ports, sendable_offers)
        lines = [
            StockSent(sku, offer.quantity, units[sku], master.get(sku, offer.quantity + units[sku]), offer.live)
            for sku, offer in sendable_offers.items()
        ]
        if not lines:
            raise AlreadyThere(Sent(None))
        return lines

    def plan(self, intent: Intent, prepared: list[StockSent]) -> Facts:
        return {"lines": [vars(line) for line in prepared]}

    def send(self, ports: Ports, prepared: list[StockSent]) -> Sent:
        return Sent(ports.mirakl.import_stock([StockLine(sku=line.sku, quantity=line.sent) for line in prepared]))

    def read_back(self, ports: Ports, intent: Intent) -> Sent | None:
        offers, _ = read_offers(ports, [line["sku"] for line in intent.plan["lines"]])
        return Sent(None) if has_landed(intent, offers) else None

    def evidence(self, intent: Intent, answer: Sent) -> Facts:
        return {"import_id": answer.import_id}

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: Sent) -> None:
        row = get_import(tx, uuid.UUID(intent.subject))
        carried = movements(tx, states=["pending"], import_id=row.id)
        if answer.import_id is None:  # nothing was left to send, or its effect was found
            row.sent_at, row.finished_at = intent.sent_at or tx.now, tx.now
            for movement in carried:
                movement.state, movement.done_at = "done", tx.now
            tx.session.flush()
            open_channel(ports, tx)
            return
        row.mirakl_import_id, row.sent_at = answer.import_id, tx.now
        for movement in carried:
            movement.state = "sent"
        intents.decide(
            tx, "follow_import", intent.subject, plan={"import_id": answer.import_id, "lines": intent.plan["lines"]},
            due_at=tx.now + timedelta(seconds=ports.settings.scaled(FIRST_LOOK)), urgent=True,
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

    def _attach(self, ports: Ports, intent: Intent) -> list[MovementRow]:
        """Everything pending goes with this import. A file that may have landed is sent again as it was."""
        import_id = uuid.UUID(intent.subject)
        with ports.ledger.write() as tx:
            carried = movements(tx, states=["pending"], import_id=import_id)
            skus = {movement.sku for movement in carried}
            for movement in [] if intent.sends else sendable(ports, tx):
                if movement.sku in skus or len(skus) < MOST_SKUS:
                    movement.import_id = import_id
                    skus.add(movement.sku)
                    carried.append(movement)
        return carried

    def _hold_unsendable(self, ports: Ports, intent: Intent, unsendable: Mapping[str, Held]) -> None:
        """One bad offer keeps no other unit of the file off sale."""
        with ports.ledger.write() as tx:
            for movement in movements(tx, states=["pending"], import_id=uuid.UUID(intent.subject)):
                if movement.sku in unsendable:
                    movement.import_id = None
                    hold_movement(tx, movement, unsendable[movement.sku])


def _units_of(carried: Iterable[MovementRow]) -> Counter[str]:
    units = Counter[str]()
    for movement in carried:
        units[movement.sku] += movement.quantity
    return units


def _master_levels(ports: Ports, skus: Iterable[str]) -> dict[str, int]:
    """The stock master's level of each SKU, in which our units are already; empty without a stock master."""
    if ports.bigcommerce is None:
        return {}
    names = {sku: ports.mappings.current().skus.to_bigcommerce(sku) or sku for sku in skus}
    levels = ports.bigcommerce.inventory(list(names.values()))
    return {sku: levels[name] for sku, name in names.items() if name in levels}
