"""Threads for what would block the event loop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import Queue
from threading import Thread
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class DaemonThreads(Executor):
    """An executor that never keeps its process from ending, as a `ThreadPoolExecutor` would while a database hangs.

    What the process's end cuts off is a transaction, which then never was, or a bell, which the sweeper rings again.

    :param waiting: how many calls may wait for a thread; one more is refused, so that a hanging server fills no memory.
    """

    def __init__(self, name: str, *, threads: int, waiting: int) -> None:
        self._calls: Queue[tuple[Future[Any], Callable[[], Any]]] = Queue(waiting)
        for number in range(threads):
            Thread(target=self._work, name=f"{name}-{number}", daemon=True).start()

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """:raises queue.Full: too many calls wait already."""
        future: Future[T] = Future()
        self._calls.put_nowait((future, partial(call, *args, **kwargs)))
        return future

    def _work(self) -> None:
        while True:
            future, call = self._calls.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except Exception as failure:
                future.set_exception(failure)
