"""Send the units that came back to Mirakl (STO01): absolute quantities, computed from the offers as they are now."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
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
from integration.usecases.compare_offers import not_landed, unexplained_before_the_next
from integration.usecases.move_units import hold_movement
from integration.usecases.ports import Ports
from integration.usecases.read_offers import Offer, keeping_the_claim, read_offers
from integration.usecases.stock_channel import open_channel, sendable
from integration.usecases.stock_master import Level, Levels, levels_of

MOST_SKUS = 200
"""Lines of one import: each costs one read (OF21) under the claim, and widens the window in which a sale is lost."""

FIRST_LOOK = 5.0
"""Seconds until an import is first asked after (STO02 may be called every 15 s)."""


@dataclass(frozen=True)
class Sent:
    """`import_id`: Mirakl's, or None where the import was found by its effect, or nothing was left to send; `unclear`:
    the lines of which the offers do not show that they have landed.
    """

    import_id: str | None
    unclear: Mapping[str, Held] = field(default_factory=dict)


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
        until = time.monotonic() + _time_to_read(ports)
        seen = read_offers(ports, units, until=until)
        if intent.sends and ports.bigcommerce is None:  # an earlier sending may have landed
            raise AlreadyThere(Sent(None, not_landed(intent, seen.offers)))
        unsendable = seen.unusable | unexplained_before_the_next(ports, intent, seen.offers, carried)
        read = {sku: offer for sku, offer in seen.offers.items() if sku not in unsendable}
        master = Levels() if ports.bigcommerce is None else levels_of(ports, read, until=until)
        self._leave_out(ports, intent, unsendable | master.unusable, seen.unread | master.unread)
        left_out = unsendable.keys() | master.unusable.keys() | master.unread
        lines = [
            StockSent(
                sku, offer.quantity, units[sku], _to_be_sent(offer, units[sku], master.found.get(sku)), offer.live
            )
            for sku, offer in read.items()
            if sku not in left_out
        ]
        if not lines:
            raise AlreadyThere(Sent(None))
        return lines

    def plan(self, intent: Intent, prepared: list[StockSent]) -> Facts:
        return {"lines": [vars(line) for line in prepared]}

    def send(self, ports: Ports, prepared: list[StockSent]) -> Sent:
        return Sent(ports.mirakl.import_stock([StockLine(sku=line.sku, quantity=line.sent) for line in prepared]))

    def read_back(self, ports: Ports, intent: Intent) -> Sent | None:
        """No level shows that a file did not land, so what cannot be seen to have landed is never added once more. A
        stock master's level may be sent as often as one likes: nothing is added to what Mirakl shows.
        """
        skus = [line["sku"] for line in intent.plan["lines"]]
        unclear = not_landed(intent, read_offers(ports, skus, each_round=keeping_the_claim(ports, intent)).offers)
        if not unclear:
            return Sent(None)
        if ports.bigcommerce is not None or intent.absences == 0:
            return None
        return Sent(None, unclear)

    def read_before_repeat(self, ports: Ports, intent: Intent) -> Sent | None:
        """`prepare` looks, in the reading that the new quantities are taken from; another would outlast the claim."""
        return None

    def evidence(self, intent: Intent, answer: Sent) -> Facts:
        return {"import_id": answer.import_id, "unclear": {sku: vars(held) for sku, held in answer.unclear.items()}}

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: Sent) -> None:
        row = get_import(tx, uuid.UUID(intent.subject))
        carried = movements(tx, states=["pending"], import_id=row.id)
        if answer.import_id is None:  # nothing was left to send, or its effect was found
            row.sent_at, row.finished_at = intent.sent_at or tx.now, tx.now
            for movement in carried:
                if held := answer.unclear.get(movement.sku):
                    movement.import_id = None
                    hold_movement(tx, movement, held)
                else:
                    movement.state, movement.reason, movement.done_at = "done", None, tx.now
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

    def _leave_out(self, ports: Ports, intent: Intent, unsendable: Mapping[str, Held], unread: Collection[str]) -> None:
        """One bad offer keeps no other unit of the file off sale. What there was no time to read goes with the next."""
        if not (unsendable or unread):
            return
        with ports.ledger.write() as tx:
            for movement in movements(tx, states=["pending"], import_id=uuid.UUID(intent.subject)):
                if movement.sku in unsendable or movement.sku in unread:
                    movement.import_id = None
                if movement.sku in unsendable:
                    hold_movement(tx, movement, unsendable[movement.sku])


def _units_of(carried: Iterable[MovementRow]) -> Counter[str]:
    units = Counter[str]()
    for movement in carried:
        units[movement.sku] += movement.quantity
    return units


def _to_be_sent(offer: Offer, units: int, master: Level | None) -> int:
    """The master's level has our units in it; without a master they are added to what Mirakl shows."""
    return offer.quantity + units if master is None else master.for_sale


def _time_to_read(ports: Ports) -> float:
    """Seconds in which calls may begin, so that the file leaves while the claim is good: half of what the claim has
    left beside a last round of reading and the sending itself, each as long as a call may take. What cannot be read
    in them goes with the next file, so that a slow day makes files smaller and never keeps one from leaving.
    """
    return (ports.settings.claim_lease - 2 * ports.settings.call_deadline) / 2
