"""Serving until the process is asked to end."""

from __future__ import annotations

import asyncio
import signal
import socket

from tornado.netutil import bind_sockets
from tornado.web import Application

from integration.errors import SettingsError
from integration.web.connections import limited_server, most_connections

GRACE = 3.0
"""Seconds for requests that are running when the process is asked to end."""

BACKLOG = 1_024
"""Connections that may wait to be taken: a burst of senders is not made to try again."""


def listen(host: str, port: int, name: str = "WEB") -> list[socket.socket]:
    """The listening sockets; port 0 takes a free one.

    :param name: how the settings of host and port begin.
    :raises SettingsError: the address cannot be had.
    """
    try:
        return bind_sockets(port, host, backlog=BACKLOG)
    except OSError as refused:
        raise SettingsError(
            [f"{name}_HOST {host} and {name}_PORT {port} are not usable ({refused.strerror}): choose others."]
        ) from None


async def serve(
    app: Application,
    sockets: list[socket.socket],
    stopping: asyncio.Event | None = None,
    *,
    most: int | None = None,
) -> None:
    """Answer until SIGTERM, SIGINT or `stopping`; then take no more, and let what is running end within `GRACE`.

    :param most: connections at once; as many as the process's descriptors allow if None.
    """
    stopping = stopping or _stop_signals()
    server = limited_server(app, most or most_connections())
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
