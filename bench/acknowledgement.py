"""A rush of new orders: how soon all are accepted (OR21), and how far that is from the least it can take."""

from __future__ import annotations

import asyncio
import time

from bench.figures import Figure
from bench.ideal import accept_all
from bench.stage import Stage, ready_fleet
from integration.ledger.orders import orders
from tests.running_fleet import sandbox_process
from tests.servers import wait_until

ORDERS = 200
LATENCY = 0.05
"""Seconds that each call takes at the other side."""

CONNECTIONS = 16
"""That many calls the acknowledgement worker makes side by side, and so does what it is compared with."""


def measure() -> list[Figure]:
    """The clock of the rush runs from the last order placed; that of the orders per second over the accepts alone."""
    with ready_fleet() as stage:
        stage.sandbox.set_latency(LATENCY)
        placed = time.monotonic()
        seconds = _accepted_by(stage)
        accepts = [call["at"] for call in stage.sandbox.calls("OR21")]
        polls = [call["at"] for call in stage.sandbox.calls("OR11") if call["at"] > placed]
    sweep = sum(at < accepts[0] for at in polls)
    rate = ORDERS / (accepts[-1] - accepts[0] + LATENCY)
    return [
        Figure(f"{ORDERS} orders acknowledged, {1000 * LATENCY:.0f} ms a call", seconds, "s", 10, "target"),
        Figure("… accepted per second", rate, "/s", ORDERS / _ideal_seconds(), f"asyncio, {CONNECTIONS} connections"),
        Figure(
            "… HTTP calls per order (OR21, and the sweep's OR11)", (len(accepts) + sweep) / ORDERS, "", 1.01, "target"
        ),
    ]


def _accepted_by(stage: Stage) -> float:
    stage.sandbox.seed_orders(ORDERS)
    began = time.monotonic()
    wait_until(
        lambda: stage.fleet.read(lambda tx: len(orders(tx, state="acknowledged"))) == ORDERS,
        within=120, what="all orders acknowledged",
    )  # fmt: skip
    return time.monotonic() - began


def _ideal_seconds() -> float:
    with sandbox_process() as sandbox:
        lines = {order_id: [f"{order_id}-1"] for order_id in sandbox.seed_orders(ORDERS)}
        sandbox.set_latency(LATENCY)
        key = sandbox.environment()["MIRAKL_API_KEY"]
        return asyncio.run(accept_all(sandbox.url, key, lines, connections=CONNECTIONS))
