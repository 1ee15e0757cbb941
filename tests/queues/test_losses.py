"""What a lost bell, a killed worker and a broker that went away cost: time, and nothing else."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from celery import Celery
from redis import Redis, RedisError

from integration.fleet.broker import EmbeddedBroker
from integration.ledger.heartbeats import heartbeats
from integration.ledger.intents import decide, find
from integration.ledger.orders import get_order
from integration.sandbox.client import SandboxClient
from integration.usecases.poll_orders import poll_orders
from integration.usecases.ports import Ports
from integration.usecases.sweep import sweep
from tests.queues.conftest import Start, waiting
from tests.servers import free_port, wait_until

pytestmark = pytest.mark.queues

ANSWERS_SLOWLY = 1.5
"""Seconds, under the least deadline of a call (2 s): long enough to be killed in."""

GIVES_UP_WITHIN = 25.0
"""Seconds that a bell may hold up who rings it, when its broker does not answer."""


def test_a_worker_killed_in_the_middle_of_a_task_leaves_a_promise_that_is_kept_once(
    ports: Ports, sandbox: SandboxClient, start: Start
) -> None:
    order_id = _order_that_is_answered_slowly(sandbox)
    first = start("acknowledgement")
    poll_orders(ports)
    wait_until(lambda: bool(sandbox.calls("OR21")), what="a call that is under way")
    first.kill()
    start("acknowledgement")
    _sweep_until(ports, lambda: _acknowledged(ports, order_id))
    assert sandbox.books()["accepts"][order_id]["effective"] == 1


def test_a_worker_survives_a_broker_that_restarts_while_a_task_is_not_acknowledged(
    ports: Ports, sandbox: SandboxClient, start: Start, own_broker: EmbeddedBroker, app: Celery
) -> None:
    order_id = _order_that_is_answered_slowly(sandbox)
    worker = start("acknowledgement")
    poll_orders(ports)
    wait_until(lambda: bool(sandbox.calls("OR21")), what="a call that is under way")
    os.kill(_pid(own_broker), signal.SIGKILL)
    _sweep_until(ports, lambda: _acknowledged(ports, order_id))
    assert sandbox.books()["accepts"][order_id]["effective"] == 1
    wait_until(lambda: _answers(own_broker), what="the broker's restart")
    app.send_task("fleet.heartbeat", kwargs={"queue": "after the restart"}, queue="acknowledgement")
    wait_until(lambda: "after the restart" in _heard_of(ports), within=60, what="a heartbeat after the restart")
    assert worker.lives()


@pytest.mark.crash_matrix(19)
def test_what_a_broker_forgot_is_rung_for_again(ports: Ports, app: Celery, redis: Redis) -> None:
    with ports.ledger.write() as tx:
        decide(tx, "accept_order", "ASOS-1-A", plan={"order_line_ids": []})
    assert waiting(app, "acknowledgement") == 1
    redis.flushall()
    _sweep_until(ports, lambda: waiting(app, "acknowledgement") == 1)


@pytest.mark.crash_matrix(3)
def test_a_bell_without_a_broker_gives_up_soon_and_loses_nothing(
    ports: Ports, app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = Celery("nobody", set_as_current=False)
    nobody.config_from_object({**app.conf, "broker_url": f"redis://127.0.0.1:{free_port()}/0"})
    with monkeypatch.context() as patched:
        patched.setattr("tasks.bell.app", nobody)
        assert _seconds_to_promise(ports) < GIVES_UP_WITHIN
    _sweep_until(ports, lambda: waiting(app, "acknowledgement") == 1)


@pytest.mark.crash_matrix(3)
def test_a_bell_whose_broker_hangs_gives_up_soon_and_loses_nothing(
    ports: Ports, app: Celery, own_broker: EmbeddedBroker
) -> None:
    pid = _pid(own_broker)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert _seconds_to_promise(ports) < GIVES_UP_WITHIN
    finally:
        os.kill(pid, signal.SIGCONT)
    _sweep_until(ports, lambda: waiting(app, "acknowledgement") >= 1)


def _seconds_to_promise(ports: Ports) -> float:
    began = time.monotonic()
    with ports.ledger.write() as tx:
        decide(tx, "accept_order", "ASOS-1-A", plan={"order_line_ids": []})
    took = time.monotonic() - began
    with ports.ledger.read() as tx:
        promised = find(tx, "accept_order", "ASOS-1-A")
    assert promised is not None
    assert promised.state == "decided"
    return took


def _order_that_is_answered_slowly(sandbox: SandboxClient) -> str:
    sandbox.add_fault("OR21", "delay", seconds=ANSWERS_SLOWLY)
    return sandbox.seed_orders(1)[0]


def _acknowledged(ports: Ports, order_id: str) -> bool:
    with ports.ledger.read() as tx:
        order = get_order(tx, order_id)
        return order is not None and order.state == "acknowledged"


def _heard_of(ports: Ports) -> set[str]:
    with ports.ledger.read() as tx:
        return {beat.queue for beat in heartbeats(tx)}


def _sweep_until(ports: Ports, condition: Callable[[], bool]) -> None:
    """Sweep as Beat has it done, until what was lost has come about."""

    def swept() -> bool:
        sweep(ports)
        time.sleep(0.2)
        return condition()

    wait_until(swept, within=60, what="what the sweeper rings for")


def _pid(broker: EmbeddedBroker) -> int:
    with Redis.from_url(broker.url) as client:
        return int(client.info("server")["process_id"])


def _answers(broker: EmbeddedBroker) -> bool:
    with suppress(RedisError), Redis.from_url(broker.url) as client:
        return bool(client.ping())
    return False
