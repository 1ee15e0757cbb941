"""One message that several workers take, or one worker several times: crash matrix 9 and 18."""

from __future__ import annotations

import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import select, text

from integration.ledger.tables import Intent
from integration.sandbox.client import SandboxClient
from integration.usecases.ports import Ports
from tests.kill_points.impatient import looks_often
from tests.queues.conftest import Start
from tests.queues.refund_due import RefundsDue, Said, deliveries, met_a_claim
from tests.servers import wait_until

pytestmark = pytest.mark.queues

ANSWERS_SLOWLY = 1.5
"""Seconds, under the least deadline of a call (2 s): what is delivered meanwhile meets a claim that is held."""

AT_ONCE = 4
"""Messages that two workers of the refund queue have in hand."""


@pytest.fixture
def ledger_url(database_url: str) -> str:
    return database_url


@pytest.mark.crash_matrix(9)
def test_of_the_same_message_to_several_workers_at_once_one_is_carried_out(
    ports: Ports, app: Celery, sandbox: SandboxClient, start: Start, redis: Redis
) -> None:
    sandbox.add_fault("OR28", "delay", seconds=ANSWERS_SLOWLY)
    due = RefundsDue.promise(ports, app, sandbox, 1)
    (intent_id,) = due.intents.values()
    workers = [start("refund"), start("refund")]

    def said() -> list[Said]:
        return sorted(one for worker in workers for one in deliveries(worker))

    with ports.ledger.write() as tx:  # as long as this row is locked (on SQLite, every row), all who come wait
        tx.session.scalar(select(Intent).filter_by(id=intent_id).with_for_update())
        published = due.publish(times=2 * AT_ONCE)
        wait_until(lambda: _in_hand(redis, ports) == AT_ONCE == _at_the_row(ports), what="workers that all come for it")
    wait_until(lambda: len(said()) == published, what="an end of every message")
    due.require_one_effect_each()
    assert sorted(one.outcome for one in said()) == ["confirmed", *["nothing to do"] * (published - 1)]
    assert met_a_claim(said())
    assert all(deliveries(worker) for worker in workers)


@pytest.mark.crash_matrix(9, 18)
def test_a_refund_that_outlasts_the_visibility_timeout_of_its_message_is_made_once(
    ports: Ports, app: Celery, sandbox: SandboxClient, start: Start
) -> None:
    sandbox.add_fault("OR28", "delay", seconds=ANSWERS_SLOWLY)
    due = RefundsDue.promise(ports, app, sandbox, 1)
    worker = start("refund", **looks_often(visibility_timeout=0.5))
    published = due.publish()
    wait_until(lambda: len(deliveries(worker)) > published, what="a second delivery")
    due.wait_until_all_is_done()
    due.require_one_effect_each()
    assert met_a_claim(deliveries(worker))


def _in_hand(redis: Redis, ports: Ports) -> int:
    """Messages that are delivered and not acknowledged."""
    return int(redis.hlen(f"backhaul:{ports.settings.shop}:unacked"))


def _at_the_row(ports: Ports) -> int:
    """Transactions that wait for the one that has the row. SQLite does not tell, but takes one at a time anyway."""
    if ports.ledger.engine.dialect.name == "sqlite":
        return AT_ONCE
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with ports.ledger.read() as tx:
        return int(tx.session.scalar(text(waiting)) or 0)
