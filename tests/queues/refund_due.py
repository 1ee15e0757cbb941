"""Refunds that are due and nothing else: what the rest of a fleet does before is done here, without its workers."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self
from uuid import UUID

from celery import Celery

from integration.ledger.journal import journal_of
from integration.ledger.refunds import Refund, refunds
from integration.ledger.tables import JournalEntry
from integration.sandbox.client import SandboxClient
from integration.usecases.carry_out import carry_out
from integration.usecases.catalogue import ACTS
from integration.usecases.ports import Ports
from integration.usecases.sweep import sweep
from tasks.policy import ORDINARY
from tests.inline_fleet import IMPATIENT, InlineFleet
from tests.queues.conftest import waiting
from tests.queues.worker import RunningWorker
from tests.servers import wait_until
from tests.unit.usecases.lane import Lane

UNITS = 3
"""Of each line; one is refunded, so that Mirakl would let a second refund and a third one pass."""


class Said(NamedTuple):
    """What a worker's log says of one delivery of a message, and when, by the right clock."""

    at: datetime
    intent_id: str
    outcome: str


@dataclass(frozen=True)
class RefundsDue:
    """By order line, each of an order of its own: the intent that a message to the refund queue names."""

    ports: Ports
    app: Celery
    sandbox: SandboxClient
    intents: dict[str, UUID]

    @classmethod
    def promise(cls, ports: Ports, app: Celery, sandbox: SandboxClient, count: int) -> Self:
        """So many returns of which Reveni has accepted a unit. No message is published."""
        fleet = InlineFleet(ports.settings)
        try:
            lane = Lane(fleet, sandbox)
            parcels = [lane.send_back(UNITS, reason="RETURN_DEFECTIVE_ITEM") for _ in range(count)]
            lane.arrive(*parcels)
            for parcel in parcels:
                lane.judge(parcel, accepted=1)
            for ring in fleet.take_rings():
                carry_out(fleet.ports, ACTS[ring.kind], ring.intent_id, retry=IMPATIENT)
            due = {one.row.order_line_id: one.intent.id for one in lane.refunds() if one.intent is not None}
        finally:
            fleet.close()
        assert set(due) == {parcel.order_line_id for parcel in parcels}
        return cls(ports, app, sandbox, due)

    def publish(self, *, times: int = 1, count: int | None = None, **newer: Any) -> int:
        """A message for each of them, or for the first `count`, and again; how many that are.

        :param newer: what a newer version would say besides.
        """
        told = list(self.intents.values())[:count] * times
        for intent_id in told:
            words = {"intent_id": str(intent_id), **newer}
            self.app.send_task("refund.push_refund", kwargs=words, queue="refund", priority=ORDINARY)
        return len(told)

    def wait_until_confirmed(self) -> None:
        """By the messages that are there: no bell rings besides."""
        wait_until(self.are_confirmed, within=60, what="refunds that are confirmed")

    def wait_until_all_is_done(self) -> None:
        """No message is left, either."""
        self.wait_until_confirmed()
        wait_until(lambda: waiting(self.app, "refund") == 0, what="an empty queue")

    def sweep_until_confirmed(self) -> None:
        """Sweep as Beat has it done."""

        def swept() -> bool:
            sweep(self.ports)
            time.sleep(0.2)
            return self.are_confirmed()

        wait_until(swept, within=60, what="refunds that are confirmed")

    def are_confirmed(self) -> bool:
        return [one.state for one in self.rows()] == ["confirmed"] * len(self.intents)

    def rows(self) -> list[Refund]:
        """As the ledger knows them."""
        with self.ports.ledger.read() as tx:
            return refunds(tx)

    def journal(self, order_line_id: str) -> list[JournalEntry]:
        with self.ports.ledger.read() as tx:
            return journal_of(tx, self.intents[order_line_id])

    def calls(self) -> Counter[str]:
        """How many calls of OR28 reached Mirakl, by order line."""
        return Counter(line for line, _ in self.sendings())

    def sendings(self) -> list[tuple[str, float]]:
        """Each call of OR28 that reached Mirakl: its order line, and when (monotonic seconds)."""
        return [(order_line(call), call["at"]) for call in self.sandbox.calls("OR28")]

    def wait_until_sending(self, count: int = 1) -> None:
        wait_until(lambda: len(self.sandbox.calls("OR28")) >= count, what=f"{count} calls that are under way")

    def are_under_way(self) -> bool:
        """A call of OR28 has not been answered yet."""
        return any(call["status"] is None for call in self.sandbox.calls("OR28"))

    def require_one_effect_each(self, *, calls: int = 1) -> None:
        """So many calls of OR28 for each line, and one refund in Mirakl's own books, the one that the ledger has."""
        made = self.sandbox.books()["refunds"]
        counted = {line: (self.calls()[line], len(found)) for line, found in made.items()}
        assert counted == dict.fromkeys(self.intents, (calls, 1)), counted
        known = {one.row.order_line_id: one.row.mirakl_refund_id for one in self.rows()}
        assert known == {line: found["refund_id"] for line, (found,) in made.items()}, known

    def require_claims_before_calls(self) -> None:
        """As many sendings of a refund were written ahead, and committed, by each call of OR28 for it."""
        since = time.time() - time.monotonic()  # the sandbox notes monotonic seconds, the journal the database's time
        for line in self.intents:
            calls = [since + at for called, at in self.sendings() if called == line]
            written = [entry.at.timestamp() for entry in self.journal(line) if entry.reason == "sending"]
            known = [sum(at < call for at in written) for call in calls]
            assert all(count >= number for number, count in enumerate(known, 1)), (line, known)


def deliveries(worker: RunningWorker, seconds: int = 0) -> list[Said]:
    """What a worker whose clock is off by so much said of the refunds that it was told of."""
    lines = (line.split(maxsplit=5) for line in worker.log().splitlines() if "tasks.keeping: push_refund" in line)
    return [
        Said(
            datetime.fromisoformat(at) - timedelta(seconds=seconds),
            intent_id.rstrip(":"),
            words.split(" intent_id=")[0],
        )
        for at, _, _, _, intent_id, words in lines
    ]


def met_a_claim(said: Collection[Said]) -> set[str]:
    """The intents for which there was nothing to do before they were confirmed: somebody else was at it."""
    done = {one.intent_id: one.at for one in said if one.outcome == "confirmed"}
    return {one.intent_id for one in said if one.outcome == "nothing to do" and one.at < done[one.intent_id]}


def order_line(call: dict[str, Any]) -> str:
    """The one that a call of OR28 is about."""
    (refund,) = json.loads(call["body"])["refunds"]
    return str(refund["order_line_id"])
