"""An HTTP server that does byte for byte what a test tells it, including what no HTTP server should do."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Received:
    """One request as it arrived, and on which connection."""

    connection: int
    head: str
    body: bytes

    @property
    def target(self) -> str:
        return self.head.split(" ")[1]


Script = Callable[[socket.socket, Received], None]
"""Answers one request; when it closes the connection or raises OSError, the connection is over."""


class ScriptedServer:
    """Listens on a loopback port and lets the script answer every request of every connection.

    :param tls: what it shows, where it speaks https.
    """

    def __init__(self, script: Script, *, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._open: list[socket.socket] = []
        self.received: list[Received] = []
        self.connections = 0

    @property
    def url(self) -> str:
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._listening.start()
        return self

    def __exit__(self, *_: object) -> None:
        _hang_up(self._listener)
        self._listening.join(timeout=10)  # a connection that came at the last moment is in the list only now
        for connection in self._open:
            _hang_up(connection)

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                self.connections += 1
                threading.Thread(target=self._serve, args=[connection, self.connections], daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        if self._tls is not None:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:  # whoever came does not trust us
                return
            self._open.append(connection)
        with suppress(OSError, ValueError), connection.makefile("rb") as stream:
            while head := _head(stream.readline):
                length = next(
                    (
                        int(line.split(":")[1])
                        for line in head.splitlines()
                        if line.lower().startswith("content-length:")
                    ),
                    0,
                )
                request = Received(number, head, stream.read(length))
                self.received.append(request)
                self._script(connection, request)


def _hang_up(endpoint: socket.socket) -> None:
    with suppress(OSError):
        endpoint.shutdown(socket.SHUT_RDWR)
    endpoint.close()


def _head(readline: Callable[[], bytes]) -> str:
    lines = []
    while (line := readline()) not in (b"\r\n", b""):
        lines.append(line)
    return b"".join(lines).decode("latin-1")


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> bytes:
    """A whole answer; a header's underscores are hyphens."""
    fields = {"Content-Length": str(len(body))} | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body


def reset(connection: socket.socket) -> None:
    """Break the connection off with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RD)
    connection.close()
