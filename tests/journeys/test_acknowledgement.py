"""A thousand orders while every tenth call goes wrong, and the rest of Mirakl's API is slow."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.ledger.orders import orders
from tests.running_fleet import RunningFleet, sandbox_process
from tests.servers import wait_until

pytestmark = pytest.mark.journeys

ORDERS = 1_000
MISBEHAVIOUR = {
    "OR21": [
        ("status_before", {"status": 500}),
        ("status_before", {"status": 429, "retry_after": 1}),
        ("status_after", {"status": 502}),
        ("lost_before", {}),
        ("lost_after", {}),
        ("truncated_after", {}),
        ("hang", {}),
    ],
    "OR11": [("status_before", {"status": 503}), ("garbage_after", {}), ("lost_after", {})],
}
SHARE = 0.1
"""Of the calls of each operation that go wrong, in one way or another."""


@pytest.mark.timeout(300)
def test_a_thousand_orders_are_each_accepted_once_though_every_tenth_call_fails(tmp_path: Path) -> None:
    with sandbox_process(scale=0.01, fault_seed=7) as sandbox:
        for operation, kinds in MISBEHAVIOUR.items():
            for kind, facts in kinds:
                sandbox.add_fault(operation, kind, probability=SHARE / len(kinds), **facts)
        # What is slow or out of order elsewhere must not reach this lane, which has a worker of its own.
        sandbox.add_fault("RT11", "delay", seconds=1.5)
        sandbox.add_fault("W2", "hang")
        hopeless = sandbox.seed_orders(1)[0]
        sandbox.add_fault("OR21", "status_before", status=500, match=hopeless)
        with RunningFleet(tmp_path, sandbox.environment()) as fleet:
            fleet.wait_until_ready()
            sandbox.seed_orders(ORDERS)
            wait_until(
                lambda: fleet.read(lambda tx: len(orders(tx, state="acknowledged"))) >= ORDERS,
                within=180,
                what="acknowledged orders",
            )
            rows = fleet.rows("orders", "list")
            books = sandbox.books()
            assert fleet.stop() == 0
    assert {row["order_id"] for row in rows if row["state"] != "acknowledged"} == {hopeless}
    accepts = {order_id: made for order_id, made in books["accepts"].items() if order_id != hopeless}
    assert len(accepts) == ORDERS
    assert {made["effective"] for made in accepts.values()} == {1}
    assert books["accepts"].get(hopeless, {"effective": 0})["effective"] == 0
    assert books["ceiling_violations"] == {}
