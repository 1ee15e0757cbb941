"""Each worker shows that it lives, and looks whether the others do: a frozen host is told of by those that are not."""

from __future__ import annotations

import logging

from integration.ledger.heartbeats import Worker, forget_silent_workers, show_life, workers
from integration.ledger.marks import alert_once, forget_alerts, given_alerts
from integration.ledger.store import Ledger

log = logging.getLogger(__name__)

ALERT = "worker_silent"

FORGOTTEN_AFTER = 3_600.0
"""Seconds. A worker that ends in order is forgotten at once; of one that was killed it is said for so long."""


def watch_workers(ledger: Ledger, queue: str, *, pid: int, busy: bool, silent_after: float) -> None:
    """Write down that this worker lives, and give an alert for each other one that has fallen silent.

    :param pid: of this worker's main process.
    :param busy: its hands are full of tasks.
    :param silent_after: seconds without a sign of life.
    """
    with ledger.write() as tx:
        show_life(tx, queue, pid=pid, busy=busy)
        forget_silent_workers(tx, after=FORGOTTEN_AFTER)
        silent = {_name(worker): worker for worker in workers(tx) if worker.age > silent_after}
        told = set(given_alerts(tx, ALERT))
        new: list[Worker] = []
        if silent.keys() != told:
            tx.lock(ALERT)
            forget_alerts(tx, ALERT, told - silent.keys())
            new = [worker for name, worker in silent.items() if alert_once(tx, ALERT, name)]
    for worker in new:
        log.error(
            "the worker of queue %s on host %s (process %d) has been silent for %.0f s: look whether that host and "
            "that process still run, and reach the database and the broker",
            worker.queue, worker.host, worker.pid, worker.age, extra={"alert": "worker_silent"},
        )  # fmt: skip


def _name(worker: Worker) -> str:
    return f"{worker.queue} {worker.host[:200]} {worker.pid}"
