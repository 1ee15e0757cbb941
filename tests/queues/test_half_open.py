"""Connections to the broker that are dead and do not say so: crash matrix 20 of the reliability contract."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

import pytest
from celery import Celery

from integration.sandbox.client import SandboxClient
from integration.usecases.ports import Ports
from integration.usecases.sweep import sweep
from tests.proxy import Proxy
from tests.queues.conftest import Start
from tests.queues.refund_due import RefundsDue
from tests.servers import wait_until

pytestmark = pytest.mark.queues

ANSWERS_SLOWLY = 1.5
"""Seconds, under the least deadline of a call (2 s): the refund's message is unacknowledged for so long."""

RECOVERS_WITHIN: Final = 90.0
"""Seconds, as the crash matrix has it. kombu looks every 10 s for an answer to BRPOP that is as much overdue, and each
thing the worker says meanwhile on another dead connection holds it up for 10 s (`tasks/configuration.py`)."""


@pytest.fixture
def proxy(broker_url: str) -> Iterator[Proxy]:
    port = urlsplit(broker_url).port
    assert port is not None
    with Proxy(port) as passing:
        yield passing


@pytest.fixture
def where(proxy: Proxy, broker_url: str) -> str:
    """The worker reaches the broker through the proxy."""
    return broker_url.replace(f":{urlsplit(broker_url).port}/", f":{proxy.port}/")


@pytest.fixture
def app(app: Celery, broker_url: str) -> Celery:
    """Who rings reaches it directly: what is rung after the connections died is in the broker at once."""
    app.conf.broker_url = broker_url
    return app


@pytest.mark.crash_matrix(20)
def test_a_worker_whose_connections_are_half_open_works_again_soon_and_loses_nothing(
    ports: Ports, app: Celery, sandbox: SandboxClient, start: Start, proxy: Proxy
) -> None:
    due = RefundsDue.promise(ports, app, sandbox, 2)
    _, later = due.intents.items()
    worker = start("refund")
    sandbox.add_fault("OR28", "delay", seconds=ANSWERS_SLOWLY)
    due.publish(count=1)
    due.wait_until_sending()
    assert proxy.make_half_open() > 0
    replace(due, intents=dict([later])).publish()  # within the second of the last BRPOP, so mostly into the void

    def swept() -> bool:
        """What the broker pops for a dead connection is lost, and rung for again as the polling worker does it."""
        sweep(ports)
        time.sleep(0.2)
        return due.are_confirmed()

    wait_until(swept, within=RECOVERS_WITHIN, what="refunds after the connections died")
    assert worker.lives()
    due.require_one_effect_each()
