"""The Celery application. Its configuration is read when it is first used, not when this module is imported.

Beat and Flower run it as well, and neither the tasks nor what they reach: tasks are known to them by name.
"""

from __future__ import annotations

import logging
import os
import warnings
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import celeryd_init, setup_logging, worker_ready

from integration.fleet.environment import FLEET_ID
from integration.logs import configure
from integration.settings import Settings
from tasks.policy import POLICIES

if TYPE_CHECKING:
    from integration.usecases.ports import Ports

CONNECTING = "worker.consumer.connection"
"""Celery's logger that says when a worker has reached the broker."""

app = Celery("backhaul", config_source="tasks.configuration:configuration", events="tasks.events:CompleteEvents")
app.steps["worker"].add("tasks.heart:Heart")
import_module("tasks.flower")

_worker_pid: list[int] = []


def ports() -> Ports:
    """This process's ports: a forked child opens connections of its own."""
    return _ports(os.getpid())


@cache
def _ports(_pid: int) -> Ports:
    from integration.wiring import make_ports  # noqa: PLC0415 - only workers carry what this imports
    from tasks.bell import ring  # noqa: PLC0415 - the bell needs the app that is defined above

    settings = Settings.load()
    return make_ports(settings, who="fleet", bell=ring)


def worker_pid() -> int:
    """The main process of this worker, in its forked children too."""
    return _worker_pid[0] if _worker_pid else os.getpid()


def load_tasks() -> None:
    """Register every task of every queue: 25 MB and half a second, so only where they run."""
    for queue in POLICIES:
        import_module(f"tasks.{queue.replace('-', '_')}")


@celeryd_init.connect
def _become_a_worker(sender: str, **_signal: Any) -> None:
    warnings.filterwarnings("ignore", category=SecurityWarning)  # `up` says once that the fleet runs as root
    _worker_pid[:] = [os.getpid()]
    settings = Settings.load()
    if settings.sentry_dsn is not None:
        from integration import sentry  # noqa: PLC0415 - only workers carry what this imports

        sentry.start(settings, sender.partition("@")[0])
    load_tasks()


@setup_logging.connect
def _own_logging(**_signal: Any) -> None:
    configure()
    wordy = ["beat", "worker.strategy", "worker.request", "app.trace"]  # each task says once what it did
    if os.environ.get(FLEET_ID):  # `up` says that a process was started, and when all are ready
        wordy += ["apps.worker", CONNECTING]
    for name in wordy:
        logging.getLogger(f"celery.{name}").setLevel(logging.WARNING)


@worker_ready.connect
def _beat_at_once(sender: Any, **_signal: Any) -> None:
    """A worker proves that it is alive as soon as it is: a heartbeat of its own goes through the broker."""
    logging.getLogger(f"celery.{CONNECTING}").setLevel(logging.INFO)  # from now on it means that the broker is back
    from tasks.polling import heartbeat  # noqa: PLC0415 - only workers carry what this imports

    for queue in sender.app.amqp.queues.consume_from:
        heartbeat.apply_async(kwargs={"queue": queue}, queue=queue, priority=0, retry=False)
