"""`python -m tasks.web`: the web process, which knows of Celery no more than how to ring and how to count messages."""

from __future__ import annotations

import asyncio
import sys
from functools import partial

from integration import sentry
from integration.domain.pace import stale_after
from integration.errors import SettingsError
from integration.ledger.store import Tx
from integration.logs import configure
from integration.settings import Settings
from integration.usecases.watch_silence import silent_polls
from integration.web.app import make_app
from integration.web.bell import BackgroundBell
from integration.web.readiness import Workers
from integration.web.server import listen, serve
from integration.wiring import make_ledger
from tasks.bell import ring
from tasks.depths import queue_depths
from tasks.policy import POLICIES


def _silent(settings: Settings, tx: Tx) -> list[str]:
    return [poll.name for poll in silent_polls(settings, tx)]


def main() -> None:
    try:
        settings = Settings.load()
        configure(settings)
        sentry.start(settings, "web")
        sockets = listen(settings.web_host, settings.web_port)
    except SettingsError as refused:
        sys.exit(str(refused))
    ledger = make_ledger(settings, who="web", bell=BackgroundBell(ring))
    workers = Workers(
        tuple(POLICIES), stale_after(settings.call_interval_scale), queue_depths, silent=partial(_silent, settings)
    )
    asyncio.run(serve(make_app(ledger, settings.webhook_keys, workers), sockets))


if __name__ == "__main__":
    main()
