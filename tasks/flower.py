"""Flower's `/metrics` and `/healthcheck` behind its password: Flower 2.2 answers them to anybody."""

from __future__ import annotations

import sys
from typing import Any

from celery.signals import import_modules

OPEN = ("Metrics", "Healthcheck")


@import_modules.connect
def guard_pages(**_signal: Any) -> None:
    """Flower sends this before it listens, and has no setting for it (`flower/views/monitor.py`)."""
    monitor = sys.modules.get("flower.views.monitor")
    if monitor is None:
        return
    from tornado.web import authenticated  # noqa: PLC0415 - Flower has loaded it; workers need none

    for name in OPEN:
        handler = getattr(monitor, name)
        if not hasattr(handler.get, "__wrapped__"):
            handler.get = authenticated(handler.get)
