"""The signs of life of each worker: on which host, as which process, and how long ago."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from integration.ledger.store import Tx
from integration.ledger.tables import HeartbeatRow


class Heartbeat(NamedTuple):
    queue: str
    age: float
    """Seconds, by the database's clock."""


class Worker(NamedTuple):
    """One worker as it was last heard of; times in seconds, by the database's clock."""

    queue: str
    host: str
    pid: int
    age: float
    """Since it last showed by itself that it runs and reaches the broker and the database."""
    answered: float | None
    """Since a task last came through the broker to it, or its hands were full of such tasks; None: never yet."""
    clock_offset: float
    """That its host's clock was ahead of the database's."""


def beat(tx: Tx, queue: str, *, pid: int | None = None) -> None:
    """A task of this queue came through the broker and wrote here: the proof that the queue is alive.

    :param pid: of the worker's main process; this process's own if None.
    """
    _write(tx, queue, pid or os.getpid(), answered_at=tx.now)


def show_life(tx: Tx, queue: str, *, pid: int, busy: bool) -> None:
    """A worker says by itself that it lives.

    :param busy: its hands are full: no task can come through, and none need come to show that it takes them.
    """
    _write(tx, queue, pid, **({"answered_at": tx.now} if busy else {}))


def heartbeats(tx: Tx) -> list[Heartbeat]:
    """For each queue how long ago one of its workers answered."""
    return newest_of_each(workers(tx))


def newest_of_each(workers: Sequence[Worker]) -> list[Heartbeat]:
    """For each queue the worker that answered last."""
    newest: dict[str, float] = {}
    for worker in workers:
        if worker.answered is not None:
            newest[worker.queue] = min(worker.answered, newest.get(worker.queue, worker.answered))
    return [Heartbeat(queue, age) for queue, age in newest.items()]


def workers(tx: Tx) -> list[Worker]:
    """Every worker that was heard of and has not been forgotten, by queue, host and process."""
    rows = tx.session.scalars(
        select(HeartbeatRow)
        .filter_by(shop=tx.shop)
        .order_by(HeartbeatRow.queue, HeartbeatRow.host, HeartbeatRow.pid)
        .execution_options(populate_existing=True)
    ).all()
    now = tx.now

    def since(moment: datetime) -> float:
        return (now - moment).total_seconds()

    return [
        Worker(
            row.queue, row.host, row.pid, since(row.seen_at),
            None if row.answered_at is None else since(row.answered_at), row.clock_offset,
        )
        for row in rows
    ]  # fmt: skip


def forget_worker(tx: Tx, queue: str, *, pid: int, host: str | None = None) -> None:
    """It has ended: from now on it is not silent, but gone.

    :param host: this one if None.
    """
    ours = {"shop": tx.shop, "queue": queue, "host": host or socket.gethostname(), "pid": pid}
    tx.session.execute(delete(HeartbeatRow).filter_by(**ours))


def forget_silent_workers(tx: Tx, *, after: float) -> None:
    """Forget who has been silent for so many seconds."""
    tx.session.execute(
        delete(HeartbeatRow).where(
            HeartbeatRow.shop == tx.shop, HeartbeatRow.seen_at < tx.now - timedelta(seconds=after)
        )
    )


def _write(tx: Tx, queue: str, pid: int, **answered: Any) -> None:
    # An upsert: two processes that show themselves for the first time at once must not be in each other's way.
    insert = sqlite.insert if tx.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    seen = {"seen_at": tx.now, "clock_offset": time.time() - tx.now.timestamp(), **answered}
    key = {"shop": tx.shop, "queue": queue, "host": socket.gethostname(), "pid": pid}
    tx.session.execute(
        insert(HeartbeatRow).values(key | seen).on_conflict_do_update(index_elements=list(key), set_=seen)
    )
