"""A thousand orders while every tenth call goes wrong, and the rest of Mirakl's API is slow or silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.ledger.orders import orders
from integration.sandbox.client import SandboxClient
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
HOPELESS = "ORDER-THAT-MIRAKL-CANNOT-BEAR"
SHARE = 0.1
"""Of the calls of each operation that go wrong, in one way or another."""


@pytest.mark.timeout(300)
def test_a_thousand_orders_are_each_accepted_once_though_every_tenth_call_fails(tmp_path: Path) -> None:
    with sandbox_process(scale=0.01, fault_seed=7) as sandbox:
        # What is slow or never answers elsewhere must not reach this lane, which has a worker of its own.
        sandbox.add_fault("STO01", "hang")
        with RunningFleet(tmp_path, sandbox.environment()) as fleet:
            fleet.wait_until_ready().register_webhook()
            send_a_unit_back(sandbox, fleet)
            sandbox.add_fault("RT11", "delay", seconds=1.5)
            sandbox.add_fault("W2", "hang")
            sandbox.add_fault("OR21", "status_before", status=500, match=HOPELESS)  # the first rule that fits is taken
            for operation, kinds in MISBEHAVIOUR.items():
                for kind, facts in kinds:
                    sandbox.add_fault(operation, kind, probability=SHARE / len(kinds), **facts)
            sandbox.seed_order(order_id=HOPELESS, lines=[{"sku": "SKU-1", "quantity": 1, "unit_price": "9.00"}])
            sandbox.seed_orders(ORDERS)
            wait_until(
                lambda: acknowledged(fleet) >= ORDERS + 1,
                within=180,
                what="acknowledged orders",
            )
            rows = fleet.rows("orders", "list")
            books = sandbox.books()
            assert fleet.stop() == 0
    assert {row["order_id"] for row in rows if row["state"] != "acknowledged"} == {HOPELESS}
    accepts = {order_id: made for order_id, made in books["accepts"].items() if order_id != HOPELESS}
    assert len(accepts) == ORDERS + 1
    assert {made["effective"] for made in accepts.values()} == {1}
    assert books["accepts"].get(HOPELESS, {"effective": 0})["effective"] == 0
    assert books["ceiling_violations"] == {}


def acknowledged(fleet: RunningFleet) -> int:
    return len(fleet.read(lambda tx: orders(tx, state="acknowledged")))


def send_a_unit_back(sandbox: SandboxClient, fleet: RunningFleet) -> None:
    """One return whose unit is sellable again, up to the file (STO01) that shall tell Mirakl so."""
    sandbox.seed_offers({"COAT-NAVY-M": 0})
    order_id = sandbox.seed_order(lines=[{"sku": "COAT-NAVY-M", "quantity": 1, "unit_price": "89.00"}])
    wait_until(lambda: acknowledged(fleet) == 1, within=90, what="the order acknowledged")
    sandbox.receive(order_id)
    line = {"order_line_id": f"{order_id}-1", "quantity": 1, "reason_code": "RETURN_PDNT_TOO_SMALL"}
    return_id = sandbox.open_return(order_id, [line])
    wait_until(lambda: bool(sandbox.books()["reveni_returns"].get(return_id)), within=90, what="the return in Reveni")
    sandbox.judge(return_id, f"{order_id}-1", accepted=1)
    wait_until(lambda: bool(sandbox.calls("STO01")), within=90, what="the file that never gets an answer")
