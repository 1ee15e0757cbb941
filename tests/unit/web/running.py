"""A web process in a thread, and a Reveni that delivers to it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Self

import requests
from pydantic import SecretStr
from sqlalchemy import select

from integration.ledger.store import Ledger
from integration.ledger.tables import EventRow, Intent
from integration.reveni.signature import sign
from integration.web.app import make_app, make_metrics_app
from integration.web.counts import WebhookCounts
from integration.web.readiness import Workers
from integration.web.server import listen, serve

KEY, FORMER_KEY = "the-api-key", "the-key-before-the-rotation"


def idle_broker() -> Mapping[str, int]:
    return {"refund": 0, "restock": 0}


class RunningWeb:
    """The real application on a loopback port."""

    def __init__(self, ledger: Ledger, workers: Workers | None = None, *, most: int | None = None) -> None:
        self._most = most
        workers = workers or Workers(("refund", "restock"), 30.0, idle_broker)
        sockets = listen("127.0.0.1", 0)
        self.address: tuple[str, int] = sockets[0].getsockname()
        self.url = f"http://127.0.0.1:{self.address[1]}"
        counts = WebhookCounts()
        self.app = make_app(ledger, [SecretStr(KEY), SecretStr(FORMER_KEY)], workers, counts)
        self._figures, self._figures_sockets = make_metrics_app(ledger, workers, counts), listen("127.0.0.1", 0)
        self.metrics_url = f"http://127.0.0.1:{self._figures_sockets[0].getsockname()[1]}/metrics"
        self._figures_stopping, self._figures_loop = asyncio.Event(), asyncio.new_event_loop()
        self._figures_thread = threading.Thread(target=self._run_figures, daemon=True)
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=[sockets], daemon=True)

    def _run(self, sockets: list[Any]) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(serve(self.app, sockets, self._stopping, most=self._most))

    def _run_figures(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._figures_loop) as runner:
            runner.run(serve(self._figures, self._figures_sockets, self._figures_stopping, most=128))

    def __enter__(self) -> Self:
        self._thread.start()
        self._figures_thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for thread in (self._thread, self._figures_thread):
            thread.join(timeout=20)
            assert not thread.is_alive()

    def stop(self) -> None:
        for loop, stopping in (self._loop, self._stopping), (self._figures_loop, self._figures_stopping):
            with suppress(RuntimeError):  # it has ended already
                loop.call_soon_threadsafe(stopping.set)

    def figures(self) -> str:
        return requests.get(self.metrics_url, timeout=20).text

    def deliver_later(self, event: Mapping[str, Any]) -> Future[requests.Response]:
        sender = ThreadPoolExecutor(1)
        future = sender.submit(self.deliver, event)
        sender.shutdown(wait=False)
        return future

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=20)

    def deliver(self, event: Mapping[str, Any] | bytes, *, key: str = KEY, age: float = 0.0) -> requests.Response:
        """Send an event as Reveni does, signed `age` seconds ago."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.post(body, {"X-REVENI-SIGNATURE": sign(body, key, now=time.time() - age)})

    def post(self, body: Any, headers: Mapping[str, str]) -> requests.Response:
        return requests.post(f"{self.url}/webhooks/reveni", data=body, headers=dict(headers), timeout=20)


def an_event(**changes: Any) -> dict[str, Any]:
    """The documented body; `changes` go into `data` where they belong there."""
    event: dict[str, Any] = {
        "id": uuid.uuid4().hex,
        "event": "return.updated",
        "created": 1661518366,
        "data": {
            "amount": "76.4800",
            "status": "in_progress",
            "currency": "EUR",
            "resource": "return",
            "resource_id": "4e26c9f08f2a468fabc16af12ae0209b",
            "object": {"customer": {"email": "shopper@example.com"}},
        },
    }
    for name, value in changes.items():
        (event["data"] if name in event["data"] else event)[name] = value
    return event


def stored_events(ledger: Ledger) -> Sequence[EventRow]:
    with ledger.read() as tx:
        return tx.session.scalars(select(EventRow)).all()


def promises(ledger: Ledger) -> Sequence[Intent]:
    with ledger.read() as tx:
        return tx.session.scalars(select(Intent)).all()
