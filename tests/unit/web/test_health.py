"""Alive at once; ready when the database, the broker and a worker of every queue have answered."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import update

from integration.ledger.engine import make_engine
from integration.ledger.heartbeats import beat
from integration.ledger.migrations import migrate
from integration.ledger.store import Ledger
from integration.ledger.tables import HeartbeatRow
from integration.web import readiness
from integration.web.readiness import Workers
from tests.servers import free_port, wait_until
from tests.unit.web.running import RunningWeb, idle_broker

QUEUES = ("refund", "restock")


def missing(web: RunningWeb) -> list[str]:
    answer = web.get("/readyz")
    told: list[str] = answer.json()["missing"]
    assert (answer.json()["ready"], answer.json()["recovery"], answer.json()["silent_polls"]) == (not told, None, [])
    assert answer.status_code == (503 if told else 200)
    return told


def be_heard(ledger: Ledger, *queues: str) -> None:
    for queue in queues:
        with ledger.write() as tx:
            beat(tx, queue)


def no_broker() -> Mapping[str, int]:
    raise ConnectionRefusedError


def test_the_fleet_becomes_ready_step_by_step(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    ledger = Ledger(engine, shop="default", who="web")
    with RunningWeb(ledger) as web:
        assert missing(web) == ["migration"]
        migrate(engine)
        assert missing(web) == ["worker:refund", "worker:restock"]
        be_heard(ledger, "restock")
        wait_until(lambda: missing(web) == ["worker:refund"], what="the first worker")
        be_heard(ledger, "refund")
        wait_until(lambda: missing(web) == [], what="readiness")
    engine.dispose()


def test_a_fleet_without_its_broker_is_not_ready(ledger: Ledger) -> None:
    with RunningWeb(ledger, Workers(QUEUES, 30.0, no_broker)) as web:
        be_heard(ledger, *QUEUES)
        wait_until(lambda: missing(web) == ["broker"], what="the workers")


def test_a_fleet_without_its_database_is_alive_and_not_ready() -> None:
    engine = make_engine(f"postgresql+psycopg://backhaul@127.0.0.1:{free_port()}/none")
    with RunningWeb(Ledger(engine, shop="default", who="web")) as web:
        assert missing(web) == ["database"]
        alive = web.get("/healthz")
        assert (alive.status_code, alive.json()) == (200, {"alive": True})
    engine.dispose()


@pytest.mark.crash_matrix(20, 29)
def test_a_worker_that_is_silent_for_too_long_is_missing(ledger: Ledger) -> None:
    with RunningWeb(ledger, Workers(("refund",), 0.0, idle_broker)) as web:
        be_heard(ledger, "refund")
        assert missing(web) == ["worker:refund"]


def test_a_heartbeat_from_before_the_start_proves_nothing(ledger: Ledger) -> None:
    be_heard(ledger, *QUEUES)
    time.sleep(0.05)  # heartbeats are stored to the millisecond
    with RunningWeb(ledger) as web:
        assert missing(web) == ["worker:refund", "worker:restock"]


def test_a_silent_worker_is_shown_although_another_one_answers_for_its_queue(ledger: Ledger) -> None:
    """S4: `/readyz` says which worker is silent, where it is and since when; the queue itself is served."""
    with RunningWeb(ledger, Workers(("refund",), 30.0, idle_broker)) as web:
        be_heard(ledger, "refund")
        with ledger.write() as tx:
            tx.session.execute(update(HeartbeatRow).values(host="host-a", seen_at=tx.now - timedelta(seconds=135)))
        be_heard(ledger, "refund")
        wait_until(lambda: missing(web) == [], what="readiness")
        told = web.get("/readyz").json()
    assert [(one["queue"], one["host"], one["silent"]) for one in told["workers"]] == [
        ("refund", "host-a", True), ("refund", socket.gethostname(), False),
    ]  # fmt: skip
    assert [(one["host"], one["pid"], round(one["seen_seconds"], -1)) for one in told["silent"]] == [
        ("host-a", os.getpid(), 140)
    ]


def test_another_shops_workers_are_not_ours(ledger: Ledger) -> None:
    with RunningWeb(ledger) as web:
        be_heard(Ledger(ledger.engine, shop="2001", who="test"), *QUEUES)
        assert missing(web) == ["worker:refund", "worker:restock"]


def test_a_broker_that_hangs_is_not_waited_for(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "PATIENCE", 0.2)
    end = threading.Event()

    def hung() -> Mapping[str, int]:
        end.wait(20)
        return {}

    with RunningWeb(ledger, Workers((), 30.0, hung)) as web:
        assert "broker" in missing(web)
    end.set()
