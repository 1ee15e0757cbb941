"""Workers whose clock is wrong: crash matrix 18."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from celery import Celery

from integration.ledger.heartbeats import heartbeats, workers
from integration.sandbox.client import SandboxClient
from integration.settings import Settings
from integration.usecases.carry_out import carry_out
from integration.usecases.catalogue import ACTS
from integration.usecases.keeping import BETWEEN_ABSENCES, SETTLING
from integration.usecases.ports import Ports
from tasks.policy import WAIT
from tests.inline_fleet import IMPATIENT
from tests.kill_points.impatient import looks_often
from tests.queues.conftest import Start
from tests.queues.refund_due import RefundsDue, Said, deliveries, met_a_claim
from tests.queues.worker import RunningWorker
from tests.servers import wait_until

pytestmark = [pytest.mark.queues, pytest.mark.crash_matrix(18)]

libfaketime = pytest.importorskip(
    "libfaketime", reason="NOT TESTED WITH A WRONG CLOCK: libfaketime is for Linux on x86-64 alone"
)

ANSWERS_SLOWLY = 1.5
"""Seconds, under the least deadline of a call (2 s): what is delivered meanwhile meets a claim that is held."""

AHEAD, BEHIND = 3_601, -3_600
"""Seconds. Beyond the broker's visibility timeout: one of two workers thinks that the other's messages were left."""

SLIGHTLY_AHEAD = 15
"""Seconds; a ring once had a date of expiry, 10 s after it was sent."""

A_START_TAKES = 60.0
"""Seconds at the most."""


class Clock:
    """A clock that tells the wrong time to the workers that have it; what they measure (monotonic), they measure right.

    The library that lies to them reads a file, each time that somebody asks for the time.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def off_by(self, seconds: int) -> dict[str, str]:
        """The environment of a process that has this clock."""
        self.set(seconds)
        _, variables = libfaketime.get_reload_information()
        return {**variables, "FAKETIME_TIMESTAMP_FILE": str(self._file)}

    def set(self, seconds: int) -> None:
        """Have it wrong by so much from now on."""
        self._file.write_text(f"{seconds:+}s")


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[Clock]:
    before = _left_in_memory()
    yield Clock(tmp_path / "clock")
    for left in _left_in_memory() - before:  # a process that is killed does not put away what its clock needs
        left.unlink(missing_ok=True)


@pytest.fixture
def ledger_url(postgres_url: str) -> str:
    """PostgreSQL: its clock is the server's, for every worker.

    SQLite has no other clock than that of the process which asks. Its file is on one machine, and so are the fleet's
    workers: they have one clock, and a wrong one is wrong for all of them.
    """
    return postgres_url


@pytest.mark.parametrize("seconds", [AHEAD, BEHIND])
def test_messages_that_are_delivered_again_for_a_wrong_clock_make_one_refund_each(
    seconds: int, ports: Ports, app: Celery, sandbox: SandboxClient, start: Start, clock: Clock
) -> None:
    sandbox.add_fault("OR28", "delay", seconds=ANSWERS_SLOWLY)
    # One more than a worker has in hand: each of the two has some of them.
    due = RefundsDue.promise(ports, app, sandbox, 3)
    right, wrong = start("refund", **looks_often()), start("refund", **looks_often(), **clock.off_by(seconds))
    published = due.publish(times=3)

    def said() -> list[Said]:
        return sorted([*deliveries(right), *deliveries(wrong, seconds)])

    wait_until(lambda: len(said()) > published, what="a message that the broker was made to deliver again")
    due.wait_until_all_is_done()
    due.require_one_effect_each()
    assert met_a_claim(said()), "nobody came while a refund was under way: nothing is shown"
    assert {one.outcome for one in deliveries(right)} >= {"confirmed"} <= {one.outcome for one in deliveries(wrong)}
    assert abs(_ready_at(wrong) - _ready_at(right) - seconds) < A_START_TAKES


def test_a_clock_that_is_set_while_a_refund_is_under_way_makes_no_second_one(
    ports: Ports, app: Celery, sandbox: SandboxClient, start: Start, clock: Clock
) -> None:
    sandbox.add_fault("OR28", "delay", seconds=ANSWERS_SLOWLY)
    due = RefundsDue.promise(ports, app, sandbox, 1)
    worker = start("refund", **looks_often(), **clock.off_by(0))
    published = due.publish()
    due.wait_until_sending()
    clock.set(AHEAD)
    wait_until(lambda: len(deliveries(worker)) > published, what="a second delivery, to the worker itself")
    clock.set(BEHIND)
    due.wait_until_all_is_done()
    due.require_one_effect_each()
    assert [one.outcome for one in deliveries(worker)] == ["nothing to do", "confirmed"]


def test_a_worker_whose_clock_is_ahead_neither_looks_nor_sends_again_before_it_is_time(
    ports: Ports, app: Celery, sandbox: SandboxClient, start: Start, clock: Clock
) -> None:
    """Mirakl may need its time to show what was sent: who looks an hour too early sends it a second time."""
    sandbox.add_fault("OR28", "lost_before", times=1)
    due = RefundsDue.promise(ports, app, sandbox, 1)
    (intent_id,) = due.intents.values()
    said: list[str] = []

    def looked_once() -> bool:
        said.append(carry_out(ports, ACTS["push_refund"], intent_id, retry=IMPATIENT))
        return said[-1] == "unknown: not_found_once"

    wait_until(looked_once, what="a first look")  # by this process, whose clock is right
    worker = start("refund", **clock.off_by(AHEAD))
    due.publish(times=3)
    due.sweep_until_confirmed()
    due.require_one_effect_each(calls=2)
    (_, first), (_, second) = due.sendings()
    assert second - first > ports.settings.scaled(SETTLING + BETWEEN_ABSENCES)
    assert "nothing to do" in {one.outcome for one in deliveries(worker)}


def test_a_sweep_whose_clock_is_ahead_takes_no_claim_from_who_holds_it(
    ports: Ports, app: Celery, sandbox: SandboxClient, start: Start, clock: Clock
) -> None:
    sandbox.add_fault("OR28", "delay", seconds=ANSWERS_SLOWLY)
    due = RefundsDue.promise(ports, app, sandbox, 2)
    start("refund")
    start("polling", **clock.off_by(AHEAD))
    due.publish(count=1)
    due.wait_until_sending()

    def swept() -> bool:
        app.send_task("polling.sweep", queue="polling")
        time.sleep(0.1)
        return len(due.sendings()) == 2

    wait_until(swept, what="a sweep that rings for the other one")
    assert sandbox.calls("OR28")[0]["status"] is None, "the first is over: nothing is shown"
    due.wait_until_all_is_done()
    due.require_one_effect_each()
    assert "claim_expired" not in {entry.reason for line in due.intents for entry in due.journal(line)}


def test_what_is_rung_for_is_taken_whatever_the_workers_clock_says(
    ports: Ports, settings: Settings, app: Celery, start: Start, clock: Clock
) -> None:
    """S2: a worker whose clock is ahead throws no ring away, one whose clock is behind lets none wait; both show."""
    from tasks.schedule import beat_schedule

    options = beat_schedule(settings)["heartbeat-polling"]["options"]

    def seen() -> tuple[set[str], list[float]]:
        with ports.ledger.read() as tx:
            return {beat.queue for beat in heartbeats(tx)}, [one.clock_offset for one in workers(tx)]

    start("polling", **clock.off_by(SLIGHTLY_AHEAD))
    app.send_task("fleet.heartbeat", kwargs={"queue": "rung while ahead"}, **options)
    wait_until(lambda: "rung while ahead" in seen()[0], what="a ring of Beat's")
    assert max(seen()[1]) == pytest.approx(SLIGHTLY_AHEAD, abs=10)
    clock.set(BEHIND)
    app.send_task("fleet.heartbeat", kwargs={"queue": "rung while behind"}, headers={WAIT: 1.0}, **options)
    wait_until(lambda: "rung while behind" in seen()[0], what="a ring that waits for a second")
    assert min(seen()[1]) == pytest.approx(BEHIND, abs=10)


def _left_in_memory() -> set[Path]:
    return set(Path("/dev/shm").glob("*faketime_*"))  # noqa: S108 - named by libfaketime


def _ready_at(worker: RunningWorker) -> float:
    """By its own clock."""
    (line,) = (line for line in worker.log().splitlines() if line.endswith("ready."))
    return datetime.fromisoformat(line.split()[0]).timestamp()
