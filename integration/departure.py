"""The moment a request leaves this machine: whether it did, the last look before it, the cut at the deadline.

urllib3 reports a failed TLS handshake and a broken reply with the same exception, and its timeouts start
afresh with every byte. Money needs to know the difference, and a claim needs an end that holds; both are
observed here, on the connection itself.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import Timer
from time import monotonic
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from integration.errors import Retryable


class NotSent(Retryable):
    """Not one byte of the request has left this machine."""


_latest: ContextVar[float] = ContextVar("latest", default=float("inf"))


@contextmanager
def leaving_before(moment: float) -> Iterator[None]:
    """What is called inside leaves before that `time.monotonic()`, or it is `NotSent`.

    Looked at on an open connection, immediately before the first byte: a process that was stopped anywhere on the way
    there (SIGSTOP, a swapped-out machine) must not send on a claim that has ended meanwhile.
    """
    token = _latest.set(moment)
    try:
        yield
    finally:
        _latest.reset(token)


class Departure:
    """One attempt at one call.

    :param until: `time.monotonic()` at which the connection is cut, whatever it is doing.
    """

    def __init__(self, *, until: float) -> None:
        self.may_have_left = True
        self.cut = False
        self._until = until
        self._timer: Timer | None = None

    def connecting(self) -> None:
        self.may_have_left = False

    def leaving(self, connected: socket.socket) -> None:
        """Let the request go, unless this process was stopped for so long that its time is over."""
        self.may_have_left = False
        now = monotonic()
        left = self._until - now
        if left <= 0 or now > _latest.get():
            raise NotSent("its time was over before it was sent")
        self._timer = Timer(left, self._cut, [connected])
        self._timer.daemon = True
        self._timer.start()
        self.may_have_left = True

    def _cut(self, connected: socket.socket) -> None:
        self.cut = True
        with suppress(OSError):  # the other side may have been faster
            # Not SSLSocket.shutdown: that would let the reading thread go on below the encryption.
            socket.socket.shutdown(connected, socket.SHUT_RDWR)

    def __enter__(self) -> Departure:
        self._token = current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        current.reset(self._token)
        if self._timer is not None:
            self._timer.cancel()


current: ContextVar[Departure] = ContextVar("departure")


class _Http(HTTPConnection):
    def connect(self) -> None:
        current.get().connecting()
        super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:  # opened here, so that what fails until then has provably not left
            self.connect()
        current.get().leaving(self.sock)
        super().request(*args, **kwargs)


class _Https(_Http, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


POOLS = {"http": _HttpPool, "https": _HttpsPool}
