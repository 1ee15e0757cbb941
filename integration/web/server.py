"""Serving until the process is asked to end."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from integration.errors import SettingsError

GRACE = 3.0
"""Seconds for requests that are running when the process is asked to end."""

BODY_TIMEOUT = 10.0
"""Seconds for a whole body, so that a sender who never ends holds nothing."""

IDLE_TIMEOUT = 75.0
"""Seconds a kept connection may say nothing."""


def listen(host: str, port: int) -> list[socket.socket]:
    """The listening sockets; port 0 takes a free one.

    :raises SettingsError: the address cannot be had.
    """
    try:
        return bind_sockets(port, host)
    except OSError as refused:
        raise SettingsError(
            [f"WEB_HOST {host} and WEB_PORT {port} are not usable ({refused.strerror}): choose others."]
        ) from None


async def serve(app: Application, sockets: list[socket.socket], stopping: asyncio.Event | None = None) -> None:
    """Answer until SIGTERM, SIGINT or `stopping`; then take no more, and let what is running end within `GRACE`."""
    stopping = stopping or _stop_signals()
    # Tornado would answer 400 to a large body; the handlers say 413, and hold none of it.
    server = HTTPServer(app, max_body_size=sys.maxsize, body_timeout=BODY_TIMEOUT, idle_connection_timeout=IDLE_TIMEOUT)
    server.add_sockets(sockets)
    await stopping.wait()
    server.stop()
    loop = asyncio.get_running_loop()
    deadline = loop.time() + GRACE
    while app.settings["running"] and loop.time() < deadline:
        await asyncio.sleep(0.02)
    await server.close_all_connections()


def _stop_signals() -> asyncio.Event:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping
