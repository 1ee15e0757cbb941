"""From the warehouse's verdict to stock on sale: how long until Mirakl has the file (STO01)."""

from __future__ import annotations

import statistics
import time

from bench.figures import Figure
from bench.stage import USUAL_SCALE, Stage, ready_fleet
from integration.ledger.returns import returns
from integration.ledger.stock import movements
from tests.servers import wait_until

UNITS = 20
REASON = "RETURN_PDNT_TOO_SMALL"
"""Goes back on sale by the shipped table."""

SETTLES = 3.0
"""Seconds until the fleet has read what Reveni told of the new returns."""

CEILING = 60 * USUAL_SCALE
"""Seconds between two files, at the most frequent; a unit that waits for it would measure the ceiling."""


def measure() -> list[Figure]:
    """Units come back one at a time; the clock runs from Reveni's knowing to the sandbox's receiving."""
    with ready_fleet() as stage:
        sent_back = _send_back(stage)
        took = [_judge(stage, return_id, line, index) for index, (return_id, line) in enumerate(sent_back, start=1)]
    return [
        Figure(f"restocked in Reveni → stock file at Mirakl, median of {UNITS}", statistics.median(took), "s"),
        Figure("… 95th percentile", statistics.quantiles(took, n=20)[-1], "s", 1, "target"),
    ]


def _send_back(stage: Stage) -> list[tuple[str, str]]:
    """Parcels of one unit each, on their way in Reveni: return and order line."""
    skus = [f"BENCH-{number:02d}" for number in range(UNITS)]
    stage.sandbox.seed_offers(dict.fromkeys(skus, 0))
    sent_back = []
    for sku in skus:
        line = {"sku": sku, "quantity": 1, "unit_price": "25.00", "shipping_price": "3.95"}
        order_id = stage.sandbox.seed_order(lines=[line], state="RECEIVED")
        back = {"order_line_id": f"{order_id}-1", "quantity": 1, "reason_code": REASON}
        sent_back.append((stage.sandbox.open_return(order_id, [back]), f"{order_id}-1"))
    wait_until(
        lambda: stage.fleet.read(lambda tx: sum(one.reveni_return_id is not None for one in returns(tx))) == UNITS,
        within=120, what="all returns in Reveni",
    )  # fmt: skip
    time.sleep(SETTLES)
    return sent_back


def _judge(stage: Stage, return_id: str, order_line_id: str, nth: int) -> float:
    """Seconds from the verdict to its STO01; both clocks are this machine's."""
    began = time.monotonic()
    stage.sandbox.judge(return_id, order_line_id, accepted=1, restock=True)
    wait_until(lambda: stage.fleet.read(lambda tx: len(movements(tx, states=["done"]))) == nth, what="the unit on sale")
    time.sleep(CEILING)
    return float(stage.sandbox.calls("STO01")[-1]["at"]) - began
