"""Parcels of one unit each, on their way back, for whoever measures how soon their units are on sale."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.stage import Stage, ready_fleet
from integration.ledger.returns import returns
from integration.ledger.stock import movements
from integration.sandbox.client import SandboxClient
from tests.servers import wait_until

REASON = "RETURN_PDNT_TOO_SMALL"
"""Goes back on sale by the shipped table."""

LATENCY = 0.005
"""Seconds that each call takes at the other side."""

SETTLES = 3.0
"""Seconds until the fleet has read what Reveni told of the new returns."""

MOST_WAIT = 300.0


@dataclass(frozen=True)
class Unit:
    """One unit of an order line that comes back, by Mirakl's ids."""

    sku: str
    return_id: str
    order_line_id: str


class Warehouse:
    """The units, and the stock files that came for them; clocks are this machine's."""

    def __init__(self, stage: Stage, units: list[Unit]) -> None:
        self.units = units
        self._stage, self._sandbox = stage, stage.sandbox

    def judge(self, unit: Unit) -> float:
        """Accept it; when its webhook left."""
        moment = time.monotonic()
        self._sandbox.judge(unit.return_id, unit.order_line_id, accepted=1, restock=True)
        return moment

    def wait_until_on_sale(self, count: int) -> None:
        wait_until(
            lambda: self._stage.fleet.read(lambda tx: len(movements(tx, states=["done"]))) == count,
            within=MOST_WAIT, what=f"{count} units on sale",
        )  # fmt: skip

    def files(self) -> list[float]:
        """When each stock file (STO01) came."""
        return [call["at"] for call in self._sandbox.calls("STO01") if call["status"] == 201]

    def file_of(self) -> dict[str, float]:
        """When the first stock file with each SKU came."""
        came: dict[str, float] = {}
        for at, file in zip(self.files(), self._sandbox.books()["imports"], strict=True):
            for row in file["rows"]:
                came.setdefault(row["offer-sku"], at)
        return came

    def on_sale(self) -> int:
        """Units by the sandbox's own books."""
        return sum(self._sandbox.books()["stock"].values())

    def ceiling_violations(self) -> int:
        return sum(self._sandbox.books()["ceiling_violations"].values())


@contextmanager
def returned_units(count: int, *, skus: int, scale: float) -> Iterator[Warehouse]:
    """So many units over so many SKUs, of which none is on sale, known in Reveni to a fleet that is at rest."""
    units: list[Unit] = []

    def seed(sandbox: SandboxClient) -> None:
        names = [f"BENCH-{number:03d}" for number in range(skus)]
        sandbox.seed_offers(dict.fromkeys(names, 0))
        units.extend(_sent_back(sandbox, names[number % skus]) for number in range(count))

    with ready_fleet(scale=scale, seed=seed) as stage:
        wait_until(
            lambda: stage.fleet.read(lambda tx: sum(one.reveni_return_id is not None for one in returns(tx))) == count,
            within=MOST_WAIT, what="all returns in Reveni",
        )  # fmt: skip
        time.sleep(SETTLES)
        stage.sandbox.set_latency(LATENCY)
        yield Warehouse(stage, units)


def _sent_back(sandbox: SandboxClient, sku: str) -> Unit:
    line = {"sku": sku, "quantity": 1, "unit_price": "25.00", "shipping_price": "3.95"}
    order_id = sandbox.seed_order(lines=[line], state="RECEIVED")
    back = {"order_line_id": f"{order_id}-1", "quantity": 1, "reason_code": REASON}
    return Unit(sku, sandbox.open_return(order_id, [back]), f"{order_id}-1")
