"""SIGKILL on the way from Reveni's event to its refund: crash matrix 1, 2, 3 and 5 of the reliability contract.

One fleet goes through all of them, a return for each. The test is the sender of the events, since the sandbox sends
each one once; `tests/kill_points` says where the web process and the worker die.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
import requests
from sqlalchemy import select

from integration.ledger.intents import find
from integration.ledger.refunds import refunds
from integration.ledger.returns import returns
from integration.ledger.store import Tx
from integration.ledger.tables import EventRow
from integration.reveni.signature import HEADER, sign
from integration.sandbox.client import SandboxClient
from tests.kill_points.consuming import BEFORE_THE_NOTE
from tests.kill_points.receiving import BEFORE_THE_ANSWER, BEFORE_THE_BELL, BEFORE_THE_COMMIT
from tests.running_fleet import RunningFleet
from tests.servers import wait_until

pytestmark = pytest.mark.journeys

STEPS: Final = (BEFORE_THE_NOTE, BEFORE_THE_COMMIT, BEFORE_THE_ANSWER, BEFORE_THE_BELL)
"""Each is the id of an event, and of the order line whose refund it is about."""


@pytest.mark.crash_matrix(1, 2, 3, 5)
def test_whoever_takes_an_event_or_a_message_may_die_and_the_refund_is_made_once(
    mortal_fleet: RunningFleet, quick_sandbox: SandboxClient, deaths: Path
) -> None:
    fleet, sandbox = mortal_fleet, quick_sandbox
    sent_back = {step: _send_back(sandbox, step) for step in STEPS}
    wait_until(lambda: len(_twins(fleet)) == len(STEPS), what="returns in Reveni")
    # Else the poll would find what the events tell, and nobody would miss one.
    sandbox.add_fault("W2", "status_before", status=200, body={"results": [], "next": None})
    for step, return_id in sent_back.items():
        sandbox.judge(return_id, step, accepted=1)
    sender = Sender(fleet, {step: _twins(fleet)[return_id] for step, return_id in sent_back.items()})

    assert sender.tells(BEFORE_THE_NOTE) == "stored"

    assert sender.tells(BEFORE_THE_COMMIT) is None
    assert _rows(fleet, BEFORE_THE_COMMIT) == (0, 0)
    assert sender.tells_again(BEFORE_THE_COMMIT) == "stored"

    assert sender.tells(BEFORE_THE_ANSWER) is None
    assert _rows(fleet, BEFORE_THE_ANSWER) == (1, 1)
    assert sender.tells_again(BEFORE_THE_ANSWER) == "known"

    assert sender.tells(BEFORE_THE_BELL) == "stored"

    wait_until(lambda: _states(fleet) == ["refunded"] * len(STEPS), within=90, what="refunds that are paid")
    assert {died.name for died in deaths.iterdir()} == set(STEPS)
    made = sandbox.books()["refunds"]
    assert {line: [one["amount"] for one in refunds_made] for line, refunds_made in made.items()} == {
        step: [Decimal(25)] for step in STEPS
    }
    assert _calls(sandbox) == dict.fromkeys(STEPS, 1)


class Sender:
    """Reveni, as it would be if it sent again what was not acknowledged.

    :param twins: Reveni's return for each event.
    """

    def __init__(self, fleet: RunningFleet, twins: dict[str, str]) -> None:
        self._twins = twins
        self._url = f"http://127.0.0.1:{fleet.settings.web_port}"
        self._key = fleet.settings.reveni_api_key.get_secret_value()

    def tells(self, event_id: str) -> str | None:
        """Send an event once; what became of it, by the 202, or None where no answer came."""
        about = {"resource": "return", "resource_id": self._twins[event_id], "object": {}}
        body = json.dumps({"id": event_id, "event": "return.updated", "created": int(time.time()), "data": about})
        headers = {HEADER: sign(body.encode(), self._key, now=time.time())}
        try:
            answer = requests.post(f"{self._url}/webhooks/reveni", data=body, headers=headers, timeout=20)
        except requests.ConnectionError:
            return None
        assert answer.status_code == 202, answer.text
        status: str = answer.json()["status"]
        return status

    def tells_again(self, event_id: str) -> str | None:
        """Send it once more, when there is somebody again to send it to."""
        wait_until(self._is_heard, what="a web process that was started again")
        return self.tells(event_id)

    def _is_heard(self) -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(f"{self._url}/healthz", timeout=20).status_code == 200
        return False


def _send_back(sandbox: SandboxClient, step: str) -> str:
    """The return of an order whose line is named for the step."""
    line = {"sku": "SKU-1", "quantity": 1, "unit_price": "25.00", "order_line_id": step}
    order_id = sandbox.seed_order(state="RECEIVED", lines=[line])
    return sandbox.open_return(
        order_id, [{"order_line_id": step, "quantity": 1, "reason_code": "RETURN_DEFECTIVE_ITEM"}]
    )


def _twins(fleet: RunningFleet) -> dict[str, str]:
    """Reveni's return for each of Mirakl's that has one."""

    def look(tx: Tx) -> dict[str, str]:
        return {one.return_id: one.reveni_return_id for one in returns(tx) if one.reveni_return_id is not None}

    found: dict[str, str] = fleet.read(look)
    return found


def _rows(fleet: RunningFleet, event_id: str) -> tuple[int, int]:
    """How many events with this id the ledger has, and how many promises to read what they are about."""

    def look(tx: Tx) -> tuple[int, int]:
        kept = tx.session.scalars(select(EventRow).filter_by(event_id=event_id)).all()
        return len(kept), int(find(tx, "read_verdict", event_id) is not None)

    found: tuple[int, int] = fleet.read(look)
    return found


def _states(fleet: RunningFleet) -> list[str]:
    states: list[str] = fleet.read(lambda tx: [one.state for one in refunds(tx)])
    return states


def _calls(sandbox: SandboxClient) -> Counter[str]:
    """How many calls of OR28 reached Mirakl, by order line."""
    bodies = [json.loads(call["body"]) for call in sandbox.calls("OR28")]
    return Counter(refund["order_line_id"] for body in bodies for refund in body["refunds"])
