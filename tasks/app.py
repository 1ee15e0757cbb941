"""The Celery application. Its configuration is read when it is first used, not when this module is imported."""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import Any

from celery import Celery, Task
from celery.signals import setup_logging, worker_ready

from integration.logs import configure
from integration.settings import Settings
from integration.usecases.ports import Ports
from integration.wiring import make_ports

app = Celery("backhaul", config_source="tasks.configuration:configuration")


class LedgerTask(Task):
    """A task that carries an id and no payload; all else it needs stands in the ledger.

    It is acknowledged after it ran, and a worker that dies with it loses only the bell: the sweeper rings again.
    Celery's own retries are off, since a retry is a date in the ledger.
    """

    acks_late = True
    max_retries = 0
    ignore_result = True


def ports() -> Ports:
    """This process's ports: a forked child opens connections of its own."""
    return _ports(os.getpid())


@cache
def _ports(_pid: int) -> Ports:
    from tasks.bell import ring  # noqa: PLC0415 - the bell needs the app that is defined above

    settings = Settings.load()
    return make_ports(settings, who="fleet", bell=ring)


@setup_logging.connect
def _own_logging(**_signal: Any) -> None:
    configure()
    for wordy in ("celery.beat", "celery.worker.strategy", "celery.worker.request", "celery.app.trace"):
        logging.getLogger(wordy).setLevel(logging.WARNING)  # each task says once what it did


@worker_ready.connect
def _beat_at_once(sender: Any, **_signal: Any) -> None:
    """A worker proves that it is alive as soon as it is: a heartbeat of its own goes through the broker."""
    from tasks.polling import heartbeat  # noqa: PLC0415

    for queue in sender.app.amqp.queues.consume_from:
        heartbeat.apply_async(kwargs={"queue": queue}, queue=queue, priority=0, retry=False)
