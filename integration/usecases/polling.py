"""What all polls share: one call's worth of waiting for a ceiling, and watermarks with an overlap."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from integration.errors import Retryable
from integration.http import Operation
from integration.usecases.ports import Ports

T = TypeVar("T")
LONGEST_WAIT = 5.0
"""Seconds. Beat rings at least this often, so a ceiling that stays closed for longer is left to the next ring."""


OVERLAP, LEAST_OVERLAP = 600.0, 30.0
"""Seconds; the second is not scaled, since clocks do not run faster beside a simulator."""


def at_the_ceiling(ports: Ports, operation: Operation, poll: Callable[[], T]) -> T | None:
    """Poll the moment the fleet's ceiling allows it; None when that is further away than the next ring."""
    wait = ports.gate.opens_in(operation)
    if wait > LONGEST_WAIT:
        return None
    time.sleep(wait)
    try:
        return poll()
    except Retryable as closed:
        if closed.retry_after is None:
            raise
        return None


def overlap(ports: Ports) -> timedelta:
    """How far a poll reaches back behind its watermark: the other side's clock and the database's are not one."""
    return timedelta(seconds=max(LEAST_OVERLAP, ports.settings.scaled(OVERLAP)))
