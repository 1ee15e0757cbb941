"""Threads that answer, fail, refuse, and let a process end."""

from __future__ import annotations

import threading
from queue import Full

import pytest

from integration.web.threads import DaemonThreads


def test_what_a_call_returns_and_raises_reaches_the_caller() -> None:
    threads = DaemonThreads("test", threads=1, waiting=10)
    assert threads.submit(divmod, 7, 2).result(20) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        threads.submit(divmod, 7, 0).result(20)
    assert threads.submit(int, "12", base=3).result(20) == 5


def test_a_call_too_many_is_refused_and_a_cancelled_one_is_not_made() -> None:
    threads = DaemonThreads("test", threads=1, waiting=1)
    begun, end = threading.Event(), threading.Event()
    made: list[str] = []

    def occupy() -> None:
        begun.set()
        end.wait(20)

    first = threads.submit(occupy)
    assert begun.wait(20)
    second = threads.submit(made.append, "second")
    with pytest.raises(Full):
        threads.submit(made.append, "third")
    assert second.cancel()
    end.set()
    first.result(20)
    threads.submit(made.append, "fourth").result(20)
    assert made == ["fourth"]
