"""What all polls share: a period and a ceiling that are kept by the fleet, and watermarks with an overlap."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar

from integration.domain.pace import polls_of
from integration.errors import Retryable
from integration.http import Operation
from integration.ledger.polls import begin_poll, due_in, poll_failed, poll_succeeded
from integration.usecases.ports import Ports

T = TypeVar("T")
LONGEST_WAIT = 5.0
"""Seconds. Beat rings at least this often, so a ceiling that stays closed for longer is left to the next ring."""

CLOSED, NOT_DUE = "the ceiling is closed", "not due"

OVERLAP, LEAST_OVERLAP = 600.0, 30.0
"""Seconds; the second is not scaled, since clocks do not run faster beside a simulator."""


def poll_when_due(ports: Ports, name: str, operation: Operation, poll: Callable[[], str]) -> str:
    """Poll the moment that its period is over and the fleet's ceiling allows it; what came of it, for the log.

    How it went stands in the ledger, so that somebody is told when nothing comes of it any more.

    :raises Retryable: nothing was read, or not everything.
    """
    period = ports.settings.scaled(polls_of(ports.settings.mirakl_tier)[name].period)
    closed = ports.gate.opens_in(operation)
    if closed > LONGEST_WAIT:
        return CLOSED
    with ports.ledger.read() as tx:
        early = due_in(tx, name, period=period)
    if early > LONGEST_WAIT:
        return NOT_DUE
    time.sleep(max(closed, early))
    with ports.ledger.write() as tx:
        if not begin_poll(tx, name, period=period):
            return NOT_DUE
    try:
        return noted(ports, name, poll)
    except Retryable as failure:
        if failure.retry_after is None:
            raise
        return CLOSED


def noted(ports: Ports, name: str, read: Callable[[], T]) -> T:
    """Read, and write down that everything was read, or why not."""
    try:
        answer = read()
    except Exception as failure:
        words = str(failure) if isinstance(failure, Retryable) else type(failure).__name__
        with suppress(Exception), ports.ledger.write() as tx:  # where the ledger fails, that is the error to be told
            poll_failed(tx, name, words)
        raise
    with ports.ledger.write() as tx:
        poll_succeeded(tx, name)
    return answer


def begun_and_noted(ports: Ports, name: str, read: Callable[[], T]) -> T:
    """The same for what has no period here, since what is due stands in the ledger itself."""
    with ports.ledger.write() as tx:
        begin_poll(tx, name)
    return noted(ports, name, read)


def at_the_ceiling(ports: Ports, operation: Operation, read: Callable[[], T]) -> T | None:
    """Read the moment the fleet's ceiling allows it; None when that is further away than the next ring."""
    wait = ports.gate.opens_in(operation)
    if wait > LONGEST_WAIT:
        return None
    time.sleep(wait)
    try:
        return read()
    except Retryable as closed:
        if closed.retry_after is None:
            raise
        return None


def overlap(ports: Ports) -> timedelta:
    """How far a poll reaches back behind its watermark: the other side's clock and the database's are not one."""
    return timedelta(seconds=max(LEAST_OVERLAP, ports.settings.scaled(OVERLAP)))
