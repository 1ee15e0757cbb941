"""The connections that the batches of one process share, and how many batches may wait for them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Semaphore
from typing import Any

BATCHES = 2
"""Batches at once: one whose calls are being made, and one whose calls are ready. A later one waits before it claims
anything, and takes then what is urgent by that time ahead of its own: no more than the calls of two batches leave
before it, however many are waiting."""


class CallPool:
    """Calls that are made side by side.

    :param size: the number of connections.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="calls")
        self._turns = Semaphore(BATCHES)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until fewer than `BATCHES` others are at it."""
        with self._turns:
            yield

    def submit(self, call: Callable[[], Any]) -> Future[Any]:
        return self._threads.submit(call)

    def shutdown(self) -> None:
        self._threads.shutdown()
