"""`python -m tasks.web`: the web process, which knows of Celery no more than how to ring and how to count messages."""

from __future__ import annotations

import asyncio
import sys

from integration import sentry
from integration.errors import SettingsError
from integration.logs import configure
from integration.settings import Settings
from integration.web.app import make_app
from integration.web.bell import BackgroundBell
from integration.web.readiness import Workers
from integration.web.server import listen, serve
from integration.wiring import make_ledger
from tasks.bell import ring
from tasks.depths import queue_depths
from tasks.policy import POLICIES
from tasks.schedule import HEARTBEAT


def main() -> None:
    try:
        settings = Settings.load()
        configure(settings)
        sentry.start(settings, "web")
        sockets = listen(settings.web_host, settings.web_port)
    except SettingsError as refused:
        sys.exit(str(refused))
    ledger = make_ledger(settings, who="web", bell=BackgroundBell(ring))
    # Three heartbeats may be lost, or wait behind a call of 20 s, before a worker is taken for dead.
    workers = Workers(tuple(POLICIES), max(8.0, 3 * settings.scaled(HEARTBEAT)), queue_depths)
    asyncio.run(serve(make_app(ledger, settings.webhook_keys, workers), sockets))


if __name__ == "__main__":
    main()
