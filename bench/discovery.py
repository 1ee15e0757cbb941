"""From an order that becomes visible (OR11) to its acceptance (OR21): what the poll costs, and what we do."""

from __future__ import annotations

import random
import statistics
import time
from typing import Any

from bench.figures import Figure
from bench.stage import Stage, ready_fleet
from integration.ledger.orders import orders
from tests.servers import wait_until

ORDERS = 40
SCALE = 0.05
"""One poll in 3 s: long beside what a busy machine takes to do anything, as a minute is beside a real fleet."""

POLL = 60 * SCALE
SHOP_TIER = 60.0


def measure() -> list[Figure]:
    """Orders appear one at a time, at any moment between two polls; both clocks are this machine's."""
    with ready_fleet(scale=SCALE) as stage:
        visible = _appear(stage)
        accepted = {_order_of(call): call["at"] for call in stage.sandbox.calls("OR21")}
        polled = sorted(call["at"] for call in stage.sandbox.calls("OR11") if "order_ids" not in call["request"])
    waits = {one: next(at for at in polled if at >= seen) - seen for one, seen in visible.items()}
    whole = [accepted[one] - seen for one, seen in visible.items()]
    ours = [accepted[one] - seen - waits[one] for one, seen in visible.items()]
    share = sum(waits.values()) / sum(whole)
    at_the_tier = [wait * SHOP_TIER / POLL + own for wait, own in zip(waits.values(), ours, strict=True)]
    return [
        Figure("from the poll that shows an order to its OR21, median", statistics.median(ours), "s"),
        Figure("… 95th percentile", _p95(ours), "s"),
        Figure(
            f"visible → accepted, polled every {POLL:.0f} s, median", statistics.median(whole), "s", POLL, "interval"
        ),
        Figure("… 95th percentile", _p95(whole), "s", POLL, "interval"),
        Figure("… share of it that is waiting for the poll", 100 * share, "%"),
        Figure(
            "the same at the shop tier's interval, median", statistics.median(at_the_tier), "s", SHOP_TIER, "interval"
        ),
        Figure("… 95th percentile", _p95(at_the_tier), "s", SHOP_TIER, "interval"),
    ]


def _appear(stage: Stage) -> dict[str, float]:
    """When each order became visible."""
    moments = random.Random(1)  # noqa: S311 - chance, not secrecy
    visible = {}
    for _ in range(ORDERS):
        visible[stage.sandbox.seed_orders(1)[0]] = time.monotonic()
        time.sleep(moments.uniform(0.1, 0.9))
    wait_until(
        lambda: stage.fleet.read(lambda tx: len(orders(tx, state="acknowledged"))) == ORDERS,
        within=120, what="all orders acknowledged",
    )  # fmt: skip
    return visible


def _order_of(call: dict[str, Any]) -> str:
    return str(call["request"]).split("/")[3]


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
