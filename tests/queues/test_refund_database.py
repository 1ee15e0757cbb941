"""PostgreSQL ends the connections of whoever refunds: crash matrix 21, and 8 where it is the one that records."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any, LiteralString

import psycopg
import pytest
from celery import Celery
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from integration.sandbox.client import SandboxClient
from integration.usecases.ports import Ports
from integration.usecases.sweep import sweep
from tests.queues.conftest import Start
from tests.queues.refund_due import RefundsDue
from tests.servers import wait_until

pytestmark = pytest.mark.queues

REFUNDS = 20
GONE_FOR = 2.0
"""Seconds for which the database lets nobody in, as while it restarts."""

BETWEEN_CUTS, CUTS = 0.5, 10
ANSWERS_SLOWLY = 0.4
"""Seconds: with two refunds at a time, the cuts meet calls that are under way, and there is work until the last."""


class Database:
    """The database of a test, seen from the one beside it: nobody ends this connection."""

    def __init__(self, url: str) -> None:
        address = make_url(url)
        self._name = address.database or ""
        self._beside = psycopg.connect(
            host=address.host, port=address.port, user=address.username, dbname="postgres", autocommit=True
        )

    def close(self) -> None:
        self._beside.close()

    def cut(self) -> int:
        """End every connection to it; how many those were."""
        return len(self._ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"))

    def who_waits(self) -> set[int]:
        """The connections that wait for somebody's lock."""
        waiting = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
        return {pid for (pid,) in self._ask(waiting)}

    def end(self, pid: int) -> None:
        self._beside.execute("SELECT pg_terminate_backend(%s)", [pid])

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Meanwhile nobody is connected, and nobody can be."""
        self._let_in("false")
        self.cut()
        try:
            yield
        finally:
            self._let_in("true")

    @contextmanager
    def being_cut(self) -> Iterator[list[int]]:
        """Twice a second meanwhile; how many connections each time."""
        ended: list[int] = []
        over = Event()

        def cut() -> None:
            while not over.wait(BETWEEN_CUTS):
                ended.append(self.cut())

        thread = Thread(target=cut)
        thread.start()
        try:
            yield ended
        finally:
            over.set()
            thread.join()

    def _ask(self, query: LiteralString) -> list[tuple[Any, ...]]:
        return self._beside.execute(query, [self._name]).fetchall()

    def _let_in(self, allowed: str) -> None:
        self._beside.execute(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS {allowed}".encode())


@pytest.fixture
def ledger_url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
def database(ledger_url: str) -> Iterator[Database]:
    found = Database(ledger_url)
    yield found
    found.close()


@pytest.mark.crash_matrix(21)
def test_a_database_that_goes_away_and_then_ends_every_connection_twice_a_second_costs_time_alone(
    ports: Ports, app: Celery, sandbox: SandboxClient, start: Start, database: Database
) -> None:
    sandbox.add_fault("OR28", "delay", seconds=1.5, times=1)
    sandbox.add_fault("OR28", "delay", seconds=ANSWERS_SLOWLY)
    due = RefundsDue.promise(ports, app, sandbox, REFUNDS)
    worker = start("refund")
    due.publish()
    due.wait_until_sending()
    with database.gone():
        assert due.are_under_way()
        time.sleep(GONE_FOR)
    assert "OperationalError" in worker.log(), "nobody missed it: nothing is shown"
    with database.being_cut() as ended:

        def swept() -> bool:
            with suppress(DBAPIError):  # in production it is the polling worker whose sweep fails, and comes again
                sweep(ports)
            time.sleep(0.2)
            return len(ended) >= CUTS and due.calls().total() >= REFUNDS / 2

        wait_until(swept, within=60, what="refunds that are made all the same")
    assert sum(ended) >= CUTS
    due.sweep_until_confirmed()
    assert worker.lives()
    due.require_one_effect_each()
    due.require_claims_before_calls()


@pytest.mark.crash_matrix(8, 21)
@pytest.mark.parametrize(("operation", "sent"), [("OR11", 0), ("OR28", 1)])
def test_a_connection_that_dies_at_a_commit_leaves_a_refund_that_is_sent_once(
    operation: str, sent: int, ports: Ports, app: Celery, sandbox: SandboxClient, start: Start, database: Database
) -> None:
    """Before the call, the commit of what is written ahead; after it, the commit of what was answered."""
    due = RefundsDue.promise(ports, app, sandbox, 1)
    sandbox.add_fault(operation, "delay", seconds=1.0, times=1)
    before = len(sandbox.calls(operation))
    worker = start("refund")
    due.publish()
    wait_until(lambda: len(sandbox.calls(operation)) > before, what="a call that is under way")
    with ports.ledger.write() as tx:
        tx.lock("evidence-chain")  # the last that the worker's transactions wait for before they commit
        (dies,) = _wait_for_somebody(database)
        database.end(dies)
        _wait_for_somebody(database, other_than=dies)  # it has gone on to write down what has become of it
        assert len(sandbox.calls("OR28")) == sent
    due.sweep_until_confirmed()
    assert worker.lives()
    due.require_one_effect_each()
    due.require_claims_before_calls()


def _wait_for_somebody(database: Database, *, other_than: int = 0) -> set[int]:
    wait_until(lambda: bool(database.who_waits() - {other_than}), what="a transaction at its end")
    return database.who_waits() - {other_than}
