"""One order on its way back, a marketplace that misbehaves, and a fleet whose bells, clock and lives a test holds."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any, Final

from sqlalchemy import select

from integration.ledger.refunds import Refund, refunds
from integration.ledger.returns import get_return
from integration.ledger.store import Ring
from integration.ledger.tables import Base, Intent
from integration.reveni.wire import WebhookEvent
from integration.sandbox import SandboxClient
from integration.usecases.carry_out import carry_out
from integration.usecases.catalogue import ACTS
from integration.usecases.poll_returns import poll_returns
from integration.usecases.read_verdict import store_event
from integration.usecases.sweep import sweep
from tests.inline_fleet import IMPATIENT, InlineFleet
from tests.unit.usecases.mortal import Clock, Killed, Life, mortal

LINES: Final = ("L-1", "L-2")
UNITS: Final = 5
PRICE: Final = Decimal("10.00")
"""Of each line so many units at this price; all come back, for a reason that puts none on sale again."""


class Stage:
    """Reset for each story."""

    def __init__(self, fleet: InlineFleet, sandbox: SandboxClient, clock: Clock) -> None:
        self.fleet, self.sandbox, self.clock, self.life = fleet, sandbox, clock, Life()

    def reset(self) -> None:
        """The parcel is known in Reveni; nothing is judged, and no bell rings."""
        self.sandbox.reset()
        with self.fleet.engine.begin() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())
        self.clock.passed *= 0
        self.life.spare()
        chance = random.Random(1)  # noqa: S311 - chance, not secrecy
        self.ports = mortal(replace(self.fleet.ports, spread=chance), self.life)
        self.rings, self.rung = [], []  # type: list[Ring], list[Ring]
        self._events = count(1)
        self.accepted = dict.fromkeys(LINES, 0)
        self._send_back()

    def accept(self, line: str) -> None:
        """The warehouse takes one more unit, Reveni tells of it, and the verdict is read: a refund is due."""
        self.sandbox.judge(self.return_id, line, accepted=1)
        self.accepted[line] += 1
        self.tell()
        self.carry(self.rings.pop())

    def tell(self) -> None:
        """Reveni's webhook, whether or not there is news."""
        facts = {"id": f"evt-{next(self._events)}", "event": "return.updated"}
        event = WebhookEvent.model_validate({**facts, "data": {"resource_id": self._reveni_id}})
        with self.fleet.ports.ledger.write() as tx:
            store_event(tx, event)
        self.hear()

    def carry(self, ring: Ring) -> None:
        """A worker takes this message; it may die on the way."""
        try:
            carry_out(self.ports, ACTS[ring.kind], ring.intent_id, retry=IMPATIENT)
        except Killed:
            pass
        finally:
            self.life.spare()
            self.hear()

    def work(self) -> None:
        """All the others take what is rung for."""
        while self.rings:
            self.carry(self.rings.pop(0))

    def sweep(self) -> None:
        sweep(self.fleet.ports)
        self.hear()

    def hear(self) -> None:
        heard = self.fleet.take_rings()
        self.rings += heard
        self.rung += heard

    def made(self) -> dict[str, list[dict[str, Any]]]:
        """The sandbox's own books: every refund of each line."""
        known = self.sandbox.books()["refunds"]
        return {line: known.get(line, []) for line in LINES}

    def refunds(self) -> list[Refund]:
        """Ours, as the ledger knows them."""
        with self.fleet.ports.ledger.read() as tx:
            return [one for one in refunds(tx, order_id=self.order_id) if one.intent is not None]

    def due(self) -> list[Ring]:
        """The bells of refunds."""
        return [ring for ring in self.rings if ring.kind == "push_refund"]

    def open_promises(self) -> list[str]:
        with self.fleet.ports.ledger.read() as tx:
            found = tx.session.scalars(select(Intent).where(Intent.state.in_(("decided", "claimed", "unknown"))))
            return [f"{intent.kind} {intent.state}: {intent.reason}" for intent in found]

    def _send_back(self) -> None:
        facts = [
            {"sku": f"SKU-{line}", "quantity": UNITS, "unit_price": PRICE, "order_line_id": line} for line in LINES
        ]
        self.order_id = self.sandbox.seed_order(state="RECEIVED", lines=facts)
        back = [{"order_line_id": line, "quantity": UNITS, "reason_code": "RETURN_DEFECTIVE_ITEM"} for line in LINES]
        self.return_id = self.sandbox.open_return(self.order_id, back)
        poll_returns(self.fleet.ports)
        self.hear()
        self.work()
        with self.fleet.ports.ledger.read() as tx:
            row = get_return(tx, self.return_id)
        assert row is not None
        self._reveni_id = row.reveni_return_id
