"""What a ring is: how its waiting is measured, and what of it is worth an event."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import Task
from celery.worker.request import Request

from tasks.policy import LONGEST_WAIT, WAIT


class WaitingRequest(Request):
    """A message that may have to wait, by the clock of the worker that has it and no other."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wait = self._request_dict.get(WAIT)
        if isinstance(wait, int | float) and wait > 0:
            self._eta = datetime.now(UTC) + timedelta(seconds=min(wait, LONGEST_WAIT))


class RungRequest(WaitingRequest):
    """A ring of Beat's: whoever watches hears of it at its end, and only if something came of it."""

    def send_event(self, type: str, **fields: Any) -> None:  # noqa: A002 - Celery's name
        found_nothing = type == "task-succeeded" and fields.get("result") == repr(None)
        if type not in {"task-succeeded", "task-failed"} or found_nothing or not self._eventer:
            return
        # `Task.send_events` is off for rings, so that nothing has been said of this one so far.
        self._eventer.send("task-received", uuid=self.id, name=self.name, args=self.argsrepr, kwargs=self.kwargsrepr)
        self._eventer.send("task-started", uuid=self.id)
        self._eventer.send(type, uuid=self.id, **fields)


class LedgerTask(Task):
    """A task that carries an id and no payload; all else it needs stands in the ledger.

    It is acknowledged after it ran, and a worker that dies with it loses only the bell: the sweeper rings again.
    Celery's own retries are off, since a retry is a date in the ledger. What it returns is in its events alone.
    """

    Request = WaitingRequest
    acks_late = True
    max_retries = 0
    ignore_result = True


class RungTask(LedgerTask):
    """A task that Beat rings for, mostly for nothing."""

    Request = RungRequest
    send_events = False


def told(outcome: str) -> str | None:
    """The outcome of a poll if it found anything, which it says with a number; None if it did not."""
    return outcome if re.search("[1-9]", outcome) else None
