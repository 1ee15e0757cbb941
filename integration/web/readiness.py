"""What must have answered before the fleet counts as ready: the database, the broker, a worker of every queue."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integration.ledger.heartbeats import Worker, newest_of_each, workers
from integration.ledger.migrations import is_current
from integration.ledger.store import Ledger, Tx
from integration.usecases.recovery_state import recovery_state
from integration.web.threads import DaemonThreads

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds for an answer of the database or the broker."""


@dataclass(frozen=True)
class Workers:
    """What the web process is told about the workers, since it knows no Celery.

    :param queues: each must have a live worker.
    :param stale_after: seconds without a heartbeat after which a queue's worker is taken for dead.
    :param queue_depths: asks the broker how many messages wait in each queue; raises when it does not answer.
    """

    queues: Sequence[str]
    stale_after: float
    queue_depths: Callable[[], Mapping[str, int]]
    silent_polls: Callable[[Tx], Sequence[str]] = lambda _tx: ()
    """Polls of which nothing has come for long: the other side's fault, mostly, so the fleet is ready all the same."""


@dataclass(frozen=True)
class Standing:
    """What has not answered, and when each worker was last heard of.

    :param missing: `database`, `migration`, `broker`, `worker:<queue>`; nothing when ready.
    :param workers: `{queue, host, pid, seen_seconds, silent}`; a silent one among others of its queue is not missing.
    :param recovery: why nothing is sent that may be sent once only; None where it is, or nobody can tell.
    :param silent_polls: polls of which nothing has come for long; they are not missing either.
    """

    missing: Sequence[str]
    workers: Sequence[Mapping[str, Any]]
    recovery: str | None
    silent_polls: Sequence[str] = ()


@dataclass
class _Seen:
    workers: Sequence[Worker] = ()
    recovery: str | None = None
    silent_polls: Sequence[str] = ()


class Readiness:
    """Asks each of them, at the same time and for a bounded time."""

    def __init__(self, ledger: Ledger, workers: Workers, threads: DaemonThreads) -> None:
        self._ledger = ledger
        self._workers = workers
        self._threads = threads
        self._started = time.monotonic()
        self._migrated = False

    async def look(self) -> Standing:
        """Ask the database and the broker."""
        seen = _Seen()
        answers = await asyncio.gather(
            self._ask("database", lambda: self._database(seen)), self._ask("broker", self._broker)
        )
        shown = [
            {
                "queue": worker.queue,
                "host": worker.host,
                "pid": worker.pid,
                "seen_seconds": round(worker.age, 1),
                "silent": worker.age > self._workers.stale_after,
            }
            for worker in list(seen.workers)
        ]
        missing = [name for one in answers for name in one]
        return Standing(missing, shown, seen.recovery, list(seen.silent_polls))

    async def _ask(self, name: str, question: Callable[[], list[str]]) -> list[str]:
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.get_running_loop().run_in_executor(self._threads, question)
        except Exception as failure:  # whatever it was, it is no answer
            log.warning("the %s did not answer: %s", name, type(failure).__name__)
            return [name]

    def _database(self, seen: _Seen) -> list[str]:
        # Asked until it is so, and not again: tables do not go back, and Alembic logs each look.
        if not self._migrated:
            self._migrated = is_current(self._ledger.engine.execution_options(reading=True))
        if not self._migrated:
            return ["migration"]
        with self._ledger.read() as tx:
            seen.workers, state = workers(tx), recovery_state(tx)
            seen.silent_polls = self._workers.silent_polls(tx)
        seen.recovery = None if state is None else state.detail
        alive = {beat.queue for beat in newest_of_each(seen.workers) if beat.age < self._fresh()}
        return [f"worker:{queue}" for queue in self._workers.queues if queue not in alive]

    def _broker(self) -> list[str]:
        self._workers.queue_depths()
        return []

    def _fresh(self) -> float:
        """Seconds. A heartbeat from before this process started may be that of a fleet which is no more."""
        return min(self._workers.stale_after, time.monotonic() - self._started)
