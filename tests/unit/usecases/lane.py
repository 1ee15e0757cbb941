"""A shop whose goods come back: what the shopper, the warehouse and the fleet do, without waiting for the polls."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from integration.ledger.readings import awaited
from integration.ledger.refunds import Refund, refunds
from integration.ledger.returns import get_return
from integration.ledger.reviews import reviews
from integration.ledger.stock import movements
from integration.ledger.tables import MovementRow
from integration.reveni.wire import WebhookEvent
from integration.sandbox import SandboxClient
from integration.usecases.follow_refunds import follow_refunds
from integration.usecases.poll_returns import poll_returns
from integration.usecases.read_back_returns import KINDS
from integration.usecases.read_verdict import store_event
from integration.usecases.replay import Kind, Replay, replay
from integration.usecases.sweep import sweep
from mappings import FOLDER
from tests.inline_fleet import InlineFleet

LONGEST_CHAIN = 12
"""Promises that follow from one another; what goes on for longer is tried again and again, as it should be."""


@dataclass(frozen=True)
class Parcel:
    """Units of one order line on their way back, by Mirakl's ids."""

    order_id: str
    order_line_id: str
    return_id: str


class Lane:
    """An inline fleet and the sandbox that it works on."""

    def __init__(self, fleet: InlineFleet, sandbox: SandboxClient) -> None:
        self.fleet, self.sandbox = fleet, sandbox
        self._lines, self._events = count(1), count(1)

    def send_back(
        self,
        units: int = 1,
        *,
        reason: str = "RETURN_CHANGED_MIND",
        order: Mapping[str, Any] | None = None,
        **line: Any,
    ) -> Parcel:
        """A delivered order of one line, by default so many units of SKU-1 at 25.00, of which `units` come back."""
        return self.send_back_from(*self.deliver(units, order=order, **line), units, reason=reason)

    def deliver(self, units: int = 1, *, order: Mapping[str, Any] | None = None, **line: Any) -> tuple[str, str]:
        """A delivered order of one line, as for `send_back`; its id and its line's."""
        order_line_id = f"L-{next(self._lines)}"
        facts = {"sku": "SKU-1", "quantity": units, "unit_price": "25.00", "order_line_id": order_line_id, **line}
        return self.sandbox.seed_order(**{"state": "RECEIVED", **(order or {})}, lines=[facts]), order_line_id

    def send_back_from(
        self, order_id: str, order_line_id: str, units: int = 1, *, reason: str = "RETURN_CHANGED_MIND"
    ) -> Parcel:
        """Units of a line of an order that exists."""
        line = {"order_line_id": order_line_id, "quantity": units, "reason_code": reason}
        return Parcel(order_id, order_line_id, self.sandbox.open_return(order_id, [line]))

    def arrive(self, *parcels: Parcel) -> None:
        """The parcels are known in Reveni."""
        poll_returns(self.fleet.ports)
        self.until(lambda: all(self.reveni_id(parcel) for parcel in parcels))

    def judge(self, parcel: Parcel, **verdict: Any) -> None:
        """The warehouse judges units, and Reveni's webhook tells of it."""
        self.sandbox.judge(parcel.return_id, parcel.order_line_id, **verdict)
        self.tell(parcel)

    def tell(self, parcel: Parcel) -> None:
        """A webhook came in: something happened to this return."""
        facts = {"id": f"evt-{next(self._events)}", "event": "return.updated"}
        event = WebhookEvent.model_validate({**facts, "data": {"resource_id": self.reveni_id(parcel)}})
        with self.fleet.ports.ledger.write() as tx:
            assert store_event(tx, event)

    def come_back(self, parcel: Parcel, **verdict: Any) -> Parcel:
        """The parcel arrives, is judged, and all that follows from it at once is done."""
        self.arrive(parcel)
        self.judge(parcel, **verdict)
        self.turn()
        return parcel

    def turn(self) -> None:
        """One turn of what drives promises on, the polls left out, but for what waits to be read back."""
        follow_refunds(self.fleet.ports)
        with self.fleet.ports.ledger.read() as tx:
            waiting = awaited(tx, KINDS)
        if waiting:
            poll_returns(self.fleet.ports)
        sweep(self.fleet.ports)
        for _ in range(LONGEST_CHAIN):
            if not self.fleet.work():
                break

    def work_until(self, kind: str, outcome: str) -> None:
        """Carry promises out, and stop at the first act that ends like this: nothing that it promised is begun."""
        end = time.monotonic() + 30
        while (kind, outcome) not in self.fleet.outcomes:
            assert time.monotonic() < end, f"not reached; last outcomes: {self.fleet.outcomes[-12:]}"
            if not self.fleet.work():
                sweep(self.fleet.ports)

    def until(self, condition: Callable[[], bool], *, limit: float = 30.0) -> None:
        """Turn until the condition holds; fails when that takes over `limit` seconds."""
        end = time.monotonic() + limit
        while not condition():
            assert time.monotonic() < end, f"not reached; last outcomes: {self.fleet.outcomes[-12:]}"
            self.turn()
            time.sleep(0.05)

    def replay(self, kind: Kind, subject: uuid.UUID) -> Replay:
        return replay(self.fleet.ports, kind, str(subject), apply=True)

    def reveni_id(self, parcel: Parcel) -> str | None:
        with self.fleet.ports.ledger.read() as tx:
            row = get_return(tx, parcel.return_id)
        return None if row is None else row.reveni_return_id

    def movements(self, parcel: Parcel | None = None) -> list[MovementRow]:
        with self.fleet.ports.ledger.read() as tx:
            return movements(tx, return_id=None if parcel is None else parcel.return_id)

    def refunds(self, parcel: Parcel | None = None) -> list[Refund]:
        with self.fleet.ports.ledger.read() as tx:
            return refunds(tx, order_id=None if parcel is None else parcel.order_id)

    def inbox(self) -> set[tuple[str, str]]:
        """What waits for a person: kind and reason."""
        with self.fleet.ports.ledger.read() as tx:
            return {(review.kind, review.reason) for review in reviews(tx)}


def tables(folder: Path, *skus: str) -> Path:
    """The shipped mapping tables with these rows in skus.csv."""
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    with (folder / "skus.csv").open("a") as table:
        table.writelines(f"{row}\n" for row in skus)
    return folder
