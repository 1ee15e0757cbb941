"""Run a sandbox: in the foreground for a person, in a thread for a test or the demo."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from types import TracebackType

from tornado.httpserver import HTTPServer

from integration.sandbox.app import make_app
from integration.sandbox.client import SandboxClient
from integration.sandbox.options import SandboxOptions

# Loopback only: the control API knows no password.
HOST = "127.0.0.1"


class RunningSandbox:
    """A sandbox in a thread of its own, with its own event loop, until `stop()` or the end of a `with`."""

    def __init__(self, options: SandboxOptions, port: int = 0) -> None:
        listening, self.url = _bind(port)
        self.client = SandboxClient(self.url)
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(options, listening), name="sandbox", daemon=True)
        self._thread.start()

    def _run(self, options: SandboxOptions, listening: socket.socket) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(_serve(options, listening, self._stopping))

    def stop(self) -> None:
        """Close the port and every connection; what was still due will not happen."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(timeout=10)

    def __enter__(self) -> RunningSandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_sandbox(options: SandboxOptions | None = None, *, port: int = 0) -> RunningSandbox:
    """A sandbox that answers already; port 0 takes a free one.

    :raises OSError: the port is taken.
    """
    return RunningSandbox(options or SandboxOptions(), port)


def run_sandbox(options: SandboxOptions, port: int, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve until the process is interrupted; `ready` is called with the address once it answers.

    :raises OSError: the port is taken.
    """
    listening, url = _bind(port)
    if ready is not None:
        ready(url)
    asyncio.run(_serve(options, listening, asyncio.Event()))


def _bind(port: int) -> tuple[socket.socket, str]:
    listening = socket.create_server((HOST, port))
    listening.setblocking(False)
    return listening, f"http://{HOST}:{listening.getsockname()[1]}"


async def _serve(options: SandboxOptions, listening: socket.socket, stopping: asyncio.Event) -> None:
    app, sandbox = make_app(options)
    server = HTTPServer(app)
    server.add_sockets([listening])
    try:
        await stopping.wait()
    finally:
        server.stop()
        sandbox.world.stop()
        await server.close_all_connections()
