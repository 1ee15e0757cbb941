"""Events into the ledger, many in one commit: what comes in while a commit is under way shares the next one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence

from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError

from integration.errors import BackhaulError
from integration.ledger.store import Ledger
from integration.reveni.wire import WebhookEvent
from integration.usecases.read_verdict import store_event, store_events
from integration.web.threads import DaemonThreads

log = logging.getLogger(__name__)

BATCH = 200
"""Events of one commit: some 20 ms of work, so that none waits long for the others."""

WAITING = 2_000
"""Events that may wait for a commit. One more is turned away at once, so that a database that hangs fills no memory."""

TOLD_EVERY = 30.0
"""Seconds. Of an outage in which hundreds of events a second are turned away, one line is enough."""


class NotStored(BackhaulError):
    """The event is not in the ledger for certain: whoever sent it sends it again."""


class CannotBeKept(BackhaulError):
    """The database takes anything but this event. Nothing is known that gets so far; to send it again is no use."""


class EventStore:
    """Stores events; each is acknowledged when its own commit is durable, and a bad one spoils none of the others."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        # SQLite has one writer. PostgreSQL makes two commits durable in the time of one.
        self._most_commits = 1 if ledger.engine.dialect.name == "sqlite" else 2
        self._threads = DaemonThreads("storing", threads=self._most_commits, waiting=self._most_commits)
        self._waiting: deque[tuple[WebhookEvent, asyncio.Future[bool]]] = deque()
        self._under_way: set[asyncio.Task[None]] = set()
        self._told = float("-inf")

    async def store(self, event: WebhookEvent) -> bool:
        """Whether the event is new, once it is kept.

        :raises NotStored: the database does not answer, or too many wait already.
        :raises CannotBeKept: the database refuses this one.
        """
        if len(self._waiting) >= WAITING:
            raise NotStored("too many events wait for the database")
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, stored))
        self._commit_soon()
        try:
            return await stored
        except DataError:
            raise CannotBeKept("the database refuses the event") from None
        except SQLAlchemyError as failure:
            raise NotStored(type(failure).__name__) from None

    def tell_unstored(self, failure: Exception) -> None:
        """One line of an outage, and no more for a while."""
        if time.monotonic() - self._told >= TOLD_EVERY:
            self._told = time.monotonic()
            why = str(failure) if isinstance(failure, NotStored) else "the database does not answer in time"
            log.error("events could not be stored: %s", why, extra={"alert": "ledger_down"})

    def _commit_soon(self) -> None:
        if self._waiting and len(self._under_way) < self._most_commits:
            commit = asyncio.create_task(self._commit())
            self._under_way.add(commit)
            commit.add_done_callback(self._go_on)

    def _go_on(self, commit: asyncio.Task[None]) -> None:
        self._under_way.discard(commit)
        self._commit_soon()

    async def _commit(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        batch = [(event, stored) for event, stored in batch if not stored.done()]  # whose sender has given up
        outcomes: Sequence[bool | Exception]
        try:
            events = [event for event, _ in batch]
            outcomes = await asyncio.get_running_loop().run_in_executor(self._threads, store_all, self._ledger, events)
        except Exception as failure:  # whatever it was, none of them is stored for certain
            outcomes = [failure] * len(batch)
        for (_, stored), outcome in zip(batch, outcomes, strict=True):
            if stored.done():
                continue
            if isinstance(outcome, Exception):
                stored.set_exception(outcome)
            else:
                stored.set_result(outcome)


def store_all(ledger: Ledger, events: Sequence[WebhookEvent]) -> list[bool | Exception]:
    """Keep these events in one commit; for each whether it is new, or why it alone cannot be kept.

    :raises OperationalError: the database cannot keep any at this moment.
    """
    try:
        with ledger.write() as tx:
            new = store_events(tx, events)
    except OperationalError:
        raise
    except Exception as failure:
        return [failure] if len(events) == 1 else [_store_one(ledger, event) for event in events]
    news = []
    for event in events:
        news.append(event.id in new)
        new.discard(event.id)  # its next delivery in this batch is a duplicate
    return [*news]


def _store_one(ledger: Ledger, event: WebhookEvent) -> bool | Exception:
    try:
        with ledger.write() as tx:
            return store_event(tx, event)
    except OperationalError:
        raise
    except Exception as failure:
        return failure
