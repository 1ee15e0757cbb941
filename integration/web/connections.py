"""Connections are limited by number and age, so that senders who never come to the end use up no descriptors."""

from __future__ import annotations

import copy
import resource
import select
import socket
import sys
import time
from http import HTTPStatus
from typing import Any

from tornado.http1connection import HTTP1ConnectionParameters
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPMessageDelegate
from tornado.iostream import IOStream
from tornado.web import Application

ARRIVES_WITHIN = 5.0
"""Seconds for all headers of a connection's first request, and again for a whole body."""

IDLE_TIMEOUT = 75.0
"""Seconds that a connection which is kept for another request may say nothing, while there is room: more than the 60 of
common load balancers, since whoever closes first loses no request."""

FRESH = 1.0
"""Seconds. Who has waited for less may still be sending."""

LARGEST_HEADERS = 32 * 1024
"""Bytes."""

REFUSAL = (
    f"HTTP/1.1 {HTTPStatus.SERVICE_UNAVAILABLE.value} {HTTPStatus.SERVICE_UNAVAILABLE.phrase}\r\n"
    "Retry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
).encode()


def most_connections() -> int:
    """Two thirds of the process's descriptors; the others are for databases, the broker and files."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(16, min(3_000, 2 * descriptors // 3))


def limited_server(app: Application, most: int) -> LimitedServer:
    """A server of an application, with its limits."""
    server = LimitedServer(
        app,
        idle_connection_timeout=ARRIVES_WITHIN,
        body_timeout=ARRIVES_WITHIN,
        max_header_size=LARGEST_HEADERS,
        # Tornado would answer 400 to a large body; the handlers say 413, and hold none of it.
        max_body_size=sys.maxsize,
    )
    server.limit(most)
    return server


def mark_busy(connection: Any) -> None:
    """A whole request has come over this connection: it is not closed before its answer has left."""
    connection.context.busy = True


class LimitedServer(HTTPServer):
    """Closes the connection that has kept it waiting for longest, where a new one would be one too many."""

    def limit(self, most: int) -> None:
        """:param most: connections at once. From two thirds of them on, only fresh ones may keep it waiting."""
        self._most = most
        self._waits_since: dict[Any, float] = {}
        """By connection, in the order in which they began to wait for a request."""
        self._kept_params: HTTP1ConnectionParameters = copy.copy(self.conn_params)
        self._kept_params.header_timeout = IDLE_TIMEOUT

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        connections = len(self._connections)
        if connections >= 2 * self._most // 3:
            older_than = FRESH if connections < self._most else 0.0
            if not self._close_longest_waiting(older_than) and connections >= self._most:
                stream.socket.send(REFUSAL)
                stream.close()
                return
        super().handle_stream(stream, address)

    def start_request(self, server_conn: Any, request_conn: Any) -> HTTPMessageDelegate:
        if self._waits_since.pop(server_conn, None) is not None:
            request_conn.params = self._kept_params
        self._waits_since[server_conn] = time.monotonic()
        server_conn.context.busy = False
        return super().start_request(server_conn, request_conn)

    def on_close(self, server_conn: Any) -> None:
        self._waits_since.pop(server_conn, None)
        super().on_close(server_conn)

    def _close_longest_waiting(self, older_than: float) -> bool:
        now = time.monotonic()
        for connection, since in self._waits_since.items():
            if now - since < older_than:
                return False
            stream = connection.stream
            if not connection.context.busy and not stream.closed() and not _has_unread(stream.socket):
                stream.close()
                return True
        return False


def _has_unread(connection: socket.socket) -> bool:
    """Something has come that we have not read yet: it is we who are late, not the sender."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
