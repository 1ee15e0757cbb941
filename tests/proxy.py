"""A TCP proxy whose connections can be made half-open: nothing passes any more, and neither side is told."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from typing import Self


class Proxy:
    """Passes bytes between whoever connects and a port of this machine.

    :param tls: what it shows, where whoever connects is to speak TLS with it.
    """

    def __init__(self, port: int, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._behind = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._pairs: list[_Pair] = []

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._listening.start()
        return self

    def __exit__(self, *_: object) -> None:
        _hang_up(self._listener)
        self._listening.join(timeout=10)  # a connection that came at the last moment is in the list only now
        for pair in self._pairs:
            _hang_up(pair.caller)
            _hang_up(pair.called)

    def make_half_open(self) -> int:
        """From here on nothing passes on the connections that there are, as behind a firewall that forgot them.

        New ones are as good as ever. Returns how many there were.
        """
        open_now = [pair for pair in self._pairs if pair.passing]
        for pair in open_now:
            pair.half_open = True
        return len(open_now)

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                try:
                    if self._tls is not None:
                        caller = self._tls.wrap_socket(caller, server_side=True)
                    self._pairs.append(_Pair(caller, socket.create_connection(self._behind)))
                except (ConnectionError, ssl.SSLError):
                    _hang_up(caller)


class _Pair:
    """One connection: the caller's end and ours, and a thread for each direction."""

    def __init__(self, caller: socket.socket, called: socket.socket) -> None:
        self.caller, self.called = caller, called
        self.half_open = self._over = False
        for source, target in ((caller, called), (called, caller)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pass, args=[source, target], daemon=True).start()

    @property
    def passing(self) -> bool:
        return not (self.half_open or self._over)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while arrived := source.recv(65_536):
                if not self.half_open:
                    target.sendall(arrived)
        self._over = True
        if not self.half_open:  # else the other side never hears of the end either
            _hang_up(target)


def _hang_up(endpoint: socket.socket) -> None:
    with suppress(OSError):
        endpoint.shutdown(socket.SHUT_RDWR)
    endpoint.close()
