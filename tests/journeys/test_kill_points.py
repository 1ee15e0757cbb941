"""Whatever happens between the claim and the record of a refund, on a real fleet: crash matrix 6 to 13 and 17.

One fleet goes through all of it, a return for each. `tests/kill_points` says where its processes die or are stopped.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from integration.ledger.refunds import Refund, refunds
from integration.ledger.returns import returns
from integration.sandbox.client import SandboxClient
from tests.running_fleet import BACKHAUL, RunningFleet
from tests.servers import wait_until

pytestmark = pytest.mark.journeys

ONCE, AGAIN, NEVER_LEFT = (1, 1), (2, 2), (2, 1)
"""Sendings that the ledger counts, and calls that reach Mirakl."""

DEATHS: Final[dict[str, tuple[int, int]]] = {
    "before-the-claim-commits": ONCE,  # nobody has it
    "after-the-claim": ONCE,  # 6
    "before-the-write-ahead-commits": ONCE,  # 6
    "after-the-write-ahead": NEVER_LEFT,  # 6: nothing has left, which only two reads can tell
    "before-the-first-byte": NEVER_LEFT,  # 6
    "before-the-answer": ONCE,  # 7
    "after-the-answer": ONCE,  # 8
    "before-the-record-commits": ONCE,  # 8
    "before-the-acknowledgement": ONCE,  # 9
    "connection-refused": ONCE,  # 12: nobody dies, and nobody listens
}
FAULTS: Final[dict[str, tuple[dict[str, Any], tuple[int, int]]]] = {
    "reset": ({"kind": "lost_after"}, ONCE),  # 10
    "500": ({"kind": "status_after", "status": 500}, ONCE),  # 10
    "502": ({"kind": "status_after", "status": 502}, ONCE),  # 10
    "504": ({"kind": "status_after", "status": 504}, ONCE),  # 10
    "truncated": ({"kind": "truncated_after"}, ONCE),  # 10
    "no-json": ({"kind": "garbage_after"}, ONCE),  # 10
    "500-without-effect": ({"kind": "status_before", "status": 500}, AGAIN),  # 11
    "beyond-the-deadline": ({"kind": "late_effect", "seconds": 2.5}, ONCE),  # 13: read in vain once, at 2.3 s
}
STOPS: Final[dict[str, tuple[int, int]]] = {
    "stopped-before-the-first-byte": NEVER_LEFT,  # 17: it awakes when another has sent, and must not
    "stopped-before-the-answer": ONCE,  # 17: what it knows by then, another has found
}
EXPECTED = DEATHS | {name: expected for name, (_, expected) in FAULTS.items()} | STOPS


@pytest.mark.crash_matrix(6, 7, 8, 9, 10, 11, 12, 13, 17)
def test_whatever_happens_to_a_refund_and_to_whoever_makes_it_it_is_made_once(
    mortal_fleet: RunningFleet, quick_sandbox: SandboxClient, deaths: Path
) -> None:
    fleet, sandbox = mortal_fleet, quick_sandbox
    fleet.register_webhook()
    _grow(fleet, by=4)
    sent_back = {name: _send_back(sandbox, name) for name in EXPECTED}
    wait_until(
        lambda: fleet.read(lambda tx: sum(one.reveni_return_id is not None for one in returns(tx))) == len(EXPECTED),
        what="returns in Reveni",
    )
    for name, (fault, _) in FAULTS.items():
        sandbox.add_fault("OR28", times=1, match=f'"{name}"', **fault)

    for name, return_id in sent_back.items():
        sandbox.judge(return_id, name, accepted=1)
    _wait_until_paid(fleet, set(EXPECTED))
    for stopped in STOPS:
        _awake(fleet, int((deaths / stopped).read_text()))

    assert {died.name for died in deaths.iterdir()} == {*DEATHS, *STOPS}
    made, calls = sandbox.books()["refunds"], _calls(sandbox)
    amounts = {line: [refund["amount"] for refund in refunds_made] for line, refunds_made in made.items()}
    assert amounts == {name: [Decimal(25)] for name in EXPECTED}
    ours = {one.row.order_line_id: one for one in _refunds(fleet)}
    assert {line: one.row.mirakl_refund_id for line, one in ours.items()} == {
        line: refund["refund_id"] for line, (refund,) in made.items()
    }
    assert {line: (one.intent.sends, calls[line]) for line, one in ours.items() if one.intent is not None} == EXPECTED


def _grow(fleet: RunningFleet, *, by: int) -> None:
    """Let more processes refund: Celery takes 5 s to replace one that died, and two are to be stopped."""
    celery = [str(BACKHAUL.with_name("celery")), "--app=tasks.app"]
    grow = ["control", "--timeout=30", f"--destination=refund@{socket.gethostname()}", "pool_grow", str(by)]
    environment = fleet.environment | {"BROKER_URL": fleet.broker_url}
    subprocess.run([*celery, *grow], env=environment, check=True, stdout=subprocess.DEVNULL, timeout=60)


def _send_back(sandbox: SandboxClient, name: str) -> str:
    """The return of an order whose line is named for what happens to its refund."""
    line = {"sku": "SKU-1", "quantity": 1, "unit_price": "25.00", "order_line_id": name}
    order_id = sandbox.seed_order(state="RECEIVED", lines=[line])
    return sandbox.open_return(
        order_id, [{"order_line_id": name, "quantity": 1, "reason_code": "RETURN_DEFECTIVE_ITEM"}]
    )


def _refunds(fleet: RunningFleet) -> list[Refund]:
    found: list[Refund] = fleet.read(refunds)
    return found


def _wait_until_paid(fleet: RunningFleet, names: set[str]) -> None:
    def paid() -> bool:
        return names <= {one.row.order_line_id for one in _refunds(fleet) if one.state == "refunded"}

    wait_until(paid, within=120, what="refunds that are paid")


def _awake(fleet: RunningFleet, pid: int) -> None:
    """Let a stopped process go on, until it has found that its claim is lost."""
    before = fleet.log().count("claim lost")
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: fleet.log().count("claim lost") > before, what=f"process {pid} to find its claim lost")


def _calls(sandbox: SandboxClient) -> Counter[str]:
    """How many calls of OR28 reached Mirakl, by order line."""
    bodies = [json.loads(call["body"]) for call in sandbox.calls("OR28")]
    return Counter(refund["order_line_id"] for body in bodies for refund in body["refunds"])
