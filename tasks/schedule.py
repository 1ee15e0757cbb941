"""What Beat rings for. A poll is rung more often than its ceiling allows; the ceiling, kept in the ledger, decides.

So the next poll starts the moment the ceiling opens, whether Beat was restarted, runs twice, or was away.
"""

from __future__ import annotations

from typing import Any

from integration.settings import Settings
from tasks.policy import ORDINARY, POLICIES, URGENT

LONGEST, SHORTEST = 5.0, 0.25
"""Seconds between two rings for one poll: `integration.usecases.polling` waits that long for its ceiling at most."""

PERIODS = {
    "poll_orders": 60.0,
    "poll_returns": 300.0,
    "poll_verdicts": 300.0,
    "follow_refunds": 60.0,
    "sweep": 20.0,
    "watch_balance": 240.0,
    "watch_deadlines": 60.0,
}
"""Seconds, before `CALL_INTERVAL_SCALE`."""

ACCOUNT_READS = ("ingest_transactions", "ingest_cycles", "review_differences")
ACCOUNT_READ_EVERY = 60.0
"""Seconds: the hour of TL02 and the day of SBC11 and IV01 are kept in the ledger, so that no restart forgets them."""

HEARTBEAT = 10.0
WATCH_STOCK = 60.0


def beat_schedule(settings: Settings) -> dict[str, Any]:
    """Celery's `beat_schedule`."""
    external = settings.mirakl_tier == "external_partner"
    periods = PERIODS | ({"poll_orders": 900.0} if external else {})
    polls = {
        name: _entry(f"polling.{name}", "polling", _often(settings.scaled(period))) for name, period in periods.items()
    }
    account = {
        name: _entry(f"reconciliation.{name}", "reconciliation", max(2.0, settings.scaled(ACCOUNT_READ_EVERY)))
        for name in ACCOUNT_READS
    }
    beats = {
        f"heartbeat-{queue}": _entry(
            "fleet.heartbeat", queue, heartbeat_period(settings), urgent=True, kwargs={"queue": queue}
        )
        for queue in POLICIES
    }
    # Daily by a ceiling, or by how long RE01 is kept; rung more often, so that a fleet which was away catches up within
    # the hour.
    daily = {
        name: _entry(f"polling.{name}", "polling", max(60.0, settings.scaled(3_600.0)))
        for name in ("watch_platform", "watch_reasons")
    }
    # Not rung ahead of time as polls are: no ceiling of the ledger's would hold it back (OF21).
    stock = {"watch_stock": _entry("polling.watch_stock", "polling", max(2.0, settings.scaled(WATCH_STOCK)))}
    return polls | daily | stock | account | beats


def heartbeat_period(settings: Settings) -> float:
    """Seconds between two signs of life of a worker, and between two messages that show that a queue is served."""
    return max(2.0, settings.scaled(HEARTBEAT))


def silent_after(settings: Settings) -> float:
    """Seconds without a sign of life after which a worker is taken for silent: three of them may be lost."""
    return max(8.0, 3 * settings.scaled(HEARTBEAT))


def _often(period: float) -> float:
    return min(LONGEST, max(SHORTEST, period / 4))


def _entry(
    task: str, queue: str, seconds: float, *, urgent: bool = False, kwargs: dict[str, str] | None = None
) -> dict[str, Any]:
    # No `expires`: it is a date by Beat's clock, and a worker whose clock is ahead would throw every ring away.
    # `tasks.beat` keeps rings that nobody takes from piling up.
    options = {"queue": queue, "priority": URGENT if urgent else ORDINARY}
    return {"task": task, "schedule": seconds, "kwargs": kwargs or {}, "options": options}
