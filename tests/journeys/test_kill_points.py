"""SIGKILL between the claim and the record of a refund, at every step: crash matrix 5 to 9 of the reliability contract.

One fleet goes through all of them, a return for each step; `tests/kill_points` says where they are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from integration.ledger.refunds import Refund, refunds
from integration.ledger.returns import returns
from integration.sandbox.client import SandboxClient
from tests import kill_points
from tests.running_fleet import RunningFleet, sandbox_process
from tests.servers import wait_until

pytestmark = pytest.mark.journeys

SCALE = 0.005
"""Ten minutes between two reads take 3 s; a claim is good for its floor of 6 s."""

STEPS: Final[dict[str, tuple[int, int]]] = {
    "before-the-claim-commits": (1, 1),  # 5: nobody has it
    "after-the-claim": (1, 1),  # 6
    "before-the-write-ahead-commits": (1, 1),  # 6
    "after-the-write-ahead": (2, 1),  # 6: nothing has left, which only two reads can tell
    "before-the-first-byte": (2, 1),  # 6
    "before-the-answer": (1, 1),  # 7
    "after-the-answer": (1, 1),  # 8
    "before-the-record-commits": (1, 1),  # 8
    "before-the-acknowledgement": (1, 1),  # 9
}
"""Sendings that the ledger counts, and calls that reach Mirakl."""


@pytest.fixture
def sandbox() -> Iterator[SandboxClient]:
    with sandbox_process(scale=SCALE, refund_delay=0) as client:
        yield client


@pytest.fixture
def deaths(tmp_path: Path) -> Path:
    """A file for each step at which somebody has died."""
    folder = tmp_path / "deaths"
    folder.mkdir()
    return folder


@pytest.fixture
def fleet(sandbox: SandboxClient, tmp_path: Path, database_url: str, deaths: Path) -> Iterator[RunningFleet]:
    over = {
        "DATABASE_URL": database_url.replace("+psycopg", ""),
        "PYTHONPATH": str(*kill_points.__path__),
        "DEATHS": str(deaths),
    }
    with RunningFleet(tmp_path / "fleet", sandbox.environment(), **over) as running:
        running.wait_until_ready().register_webhook()
        yield running
    print(running.log())  # shown only where the test failed


def test_whoever_refunds_may_die_at_any_step_and_the_refund_is_made_once(
    fleet: RunningFleet, sandbox: SandboxClient, deaths: Path
) -> None:
    sent_back = {step: _send_back(sandbox, step) for step in STEPS}
    wait_until(
        lambda: fleet.read(lambda tx: sum(one.reveni_return_id is not None for one in returns(tx))) == len(STEPS),
        what="returns in Reveni",
    )
    for step, return_id in sent_back.items():
        sandbox.judge(return_id, step, accepted=1)
    wait_until(lambda: _states(fleet) == ["refunded"] * len(STEPS), within=90, what="refunds that are paid")

    assert {died.name for died in deaths.iterdir()} == set(STEPS)
    made, calls = sandbox.books()["refunds"], _calls(sandbox)
    amounts = {line: [refund["amount"] for refund in refunds_made] for line, refunds_made in made.items()}
    assert amounts == {step: [Decimal(25)] for step in STEPS}
    ours = {one.row.order_line_id: one for one in _refunds(fleet)}
    assert {line: one.row.mirakl_refund_id for line, one in ours.items()} == {
        line: refund["refund_id"] for line, (refund,) in made.items()
    }
    assert {line: (one.intent.sends, calls[line]) for line, one in ours.items() if one.intent is not None} == STEPS


def _send_back(sandbox: SandboxClient, step: str) -> str:
    """The return of an order whose line is named for the step at which its refund dies."""
    line = {"sku": "SKU-1", "quantity": 1, "unit_price": "25.00", "order_line_id": step}
    order_id = sandbox.seed_order(state="RECEIVED", lines=[line])
    return sandbox.open_return(
        order_id, [{"order_line_id": step, "quantity": 1, "reason_code": "RETURN_DEFECTIVE_ITEM"}]
    )


def _refunds(fleet: RunningFleet) -> list[Refund]:
    found: list[Refund] = fleet.read(refunds)
    return found


def _states(fleet: RunningFleet) -> list[str]:
    return [one.state for one in _refunds(fleet)]


def _calls(sandbox: SandboxClient) -> Counter[str]:
    """How many calls of OR28 reached Mirakl, by order line."""
    bodies = [json.loads(call["body"]) for call in sandbox.calls("OR28")]
    return Counter(refund["order_line_id"] for body in bodies for refund in body["refunds"])
