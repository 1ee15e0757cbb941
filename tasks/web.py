"""`python -m tasks.web`: the web process, which knows of Celery no more than how to ring and how to count messages."""

from __future__ import annotations

import asyncio
import sys
from asyncio import Event
from functools import partial
from threading import Thread

from integration import sentry
from integration.errors import SettingsError
from integration.ledger.store import Tx
from integration.logs import configure
from integration.settings import Settings
from integration.usecases.watch_silence import silent_polls
from integration.web.app import make_app, make_metrics_app
from integration.web.bell import BackgroundBell
from integration.web.counts import WebhookCounts
from integration.web.readiness import Workers
from integration.web.server import listen, serve
from integration.wiring import make_ledger
from tasks.bell import ring
from tasks.depths import queue_depths
from tasks.policy import POLICIES
from tasks.schedule import silent_after

SCRAPERS = 128
"""Connections at once for the figures."""


def _silent(settings: Settings, tx: Tx) -> list[str]:
    return [poll.name for poll in silent_polls(settings, tx)]


def main() -> None:
    try:
        settings = Settings.load()
        configure(settings)
        sentry.start(settings, "web")
        sockets = listen(settings.web_host, settings.web_port)
        metrics_sockets = listen(settings.metrics_host, settings.metrics_port, "METRICS")
    except SettingsError as refused:
        sys.exit(str(refused))
    ledger = make_ledger(settings, who="web", bell=BackgroundBell(ring))
    workers = Workers(tuple(POLICIES), silent_after(settings), queue_depths, silent_polls=partial(_silent, settings))
    counts = WebhookCounts()
    figures = make_metrics_app(make_ledger(settings, who="web"), workers, counts)
    # Never asked to stop: it ends with the process.
    Thread(target=lambda: asyncio.run(serve(figures, metrics_sockets, Event(), most=SCRAPERS)), daemon=True).start()
    asyncio.run(serve(make_app(ledger, settings.webhook_keys, workers, counts), sockets))


if __name__ == "__main__":
    main()
