"""A bell that costs the one who rings no time: a broker that hangs delays no acknowledgement of a webhook."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from queue import Full

from integration.ledger.store import Bell, Ring
from integration.web.threads import DaemonThreads

log = logging.getLogger(__name__)

WAITING = 1_000
"""Rings that may wait for the broker. More are dropped: the sweeper rings for every intent that nobody has taken."""


class BackgroundBell:
    """Rings in a thread of its own, in order, and never fails."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._threads = DaemonThreads("bell", threads=1, waiting=WAITING)

    def __call__(self, rings: Sequence[Ring]) -> None:
        try:
            self._threads.submit(self._bell, rings).add_done_callback(_tell_failure)
        except Full:
            log.warning("the bell is behind: the sweeper will ring for %d intents", len(rings))


def _tell_failure(rung: Future[None]) -> None:
    failure = rung.exception()
    if failure is not None:
        log.warning("the bell did not ring: %s", type(failure).__name__)
