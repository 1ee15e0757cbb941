"""A worker's own signs of life. They do not wait behind its work, for a message of Beat's, or for another worker."""

from __future__ import annotations

import logging
import os
import socket
import time
from threading import Event, Thread
from typing import Any

from celery.bootsteps import StartStopStep
from celery.worker import state

from integration.ledger.heartbeats import forget_worker, workers
from integration.settings import Settings
from integration.usecases.watch_workers import watch_workers
from integration.wiring import make_ledger
from tasks.depths import broker_answers
from tasks.schedule import heartbeat_period, silent_after

log = logging.getLogger(__name__)

LONGEST_TASK = 900.0
"""Seconds. A worker whose hands are full is at work for so long, and then no more."""

MISSED = 3
"""Beats that the event loop may miss before the worker says nothing any more."""


class Heart(StartStopStep):
    """In the worker's main process: a thread that beats while the event loop turns and the broker answers.

    A frozen process has no such thread; one whose loop is stuck, or that has lost the broker, falls silent too.
    """

    requires = ("celery.worker.components:Pool", "celery.worker.components:Timer")

    def __init__(self, worker: Any, **_options: Any) -> None:
        self._settings = Settings.load()
        self._period = heartbeat_period(self._settings)
        self._ended = Event()
        self._turned = time.monotonic()
        self._busy_since: dict[str, float] = {}

    def start(self, worker: Any) -> None:
        worker.timer.call_repeatedly(self._period, self._turn)
        self._worker = worker
        self._queues = list(worker.app.amqp.queues.consume_from)
        self._ledger = make_ledger(self._settings, who="fleet")
        Thread(target=self._beat, name="heart", daemon=True).start()

    def stop(self, worker: Any) -> None:
        self._ended.set()
        try:
            with self._ledger.write() as tx:
                for queue in self._queues:
                    forget_worker(tx, queue, pid=os.getpid())
        except Exception as failure:  # an end is not held up for it
            log.warning("could not take leave of the ledger: %s", type(failure).__name__)

    def _turn(self) -> None:
        self._turned = time.monotonic()

    def _beat(self) -> None:
        beats = self._first_beat
        while not self._ended.is_set():
            try:
                beats()
                beats = self._beat_once
            except Exception as failure:  # whatever it was: this worker could not show that it lives
                log.warning("no heartbeat: %s", type(failure).__name__)
            self._ended.wait(self._period)

    def _first_beat(self) -> None:
        """Whoever did this work on this host before, and was killed, is gone and not silent."""
        with self._ledger.write() as tx:
            for one in workers(tx):
                if one.queue in self._queues and one.host == socket.gethostname() and not _runs(one.pid):
                    forget_worker(tx, one.queue, pid=one.pid)
        self._beat_once()

    def _beat_once(self) -> None:
        if time.monotonic() - self._turned > MISSED * self._period:
            log.warning("no heartbeat: the event loop stands still")
            return
        broker_answers()
        busy = self._is_busy()
        for queue in self._queues:
            watch_workers(
                self._ledger, queue, pid=os.getpid(), busy=busy, silent_after=2 * silent_after(self._settings)
            )

    def _is_busy(self) -> bool:
        """No hand is free, and one of them not for longer than a task may take."""
        now = time.monotonic()
        active = [request.id for request in list(state.active_requests)]
        self._busy_since = {one: self._busy_since.get(one, now) for one in active}
        newest = max(self._busy_since.values(), default=0.0)
        return len(active) >= self._worker.concurrency and now - newest < LONGEST_TASK


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
