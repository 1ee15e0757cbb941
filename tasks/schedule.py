"""What Beat rings for. A poll is rung more often than its time comes; its period and its ceiling, kept in the ledger,
decide.

So the next poll starts the moment that both allow it, whether Beat was restarted, runs twice, or was away.
"""

from __future__ import annotations

from typing import Any

from integration.domain.pace import HEARTBEAT, LEAST_HEARTBEAT, polls_of, stale_after
from integration.settings import Settings
from tasks.policy import ORDINARY, POLICIES, URGENT

LONGEST, SHORTEST = 5.0, 0.25
"""Seconds between two rings for one poll: `integration.usecases.polling` waits that long for its time at most."""

WHEN_DUE = ("poll_orders", "poll_returns", "poll_verdicts")
"""Rung ahead of time: their periods (`integration.domain.pace`) are kept in the ledger, to the moment."""

SWEEP = 5.0
WATCHES = {
    "watch_balance": 240.0,
    "watch_deadlines": 60.0,
    "watch_silence": 60.0,
    "watch_stock": 60.0,
    "fold_figures": 300.0,
}
"""Seconds, before `CALL_INTERVAL_SCALE`: what looks at the ledger alone, or is held back by nothing but this."""

DAILY = ("watch_platform", "watch_reasons")

ACCOUNT_READS = ("ingest_transactions", "ingest_cycles", "review_differences")
ACCOUNT_READ_EVERY = 60.0
"""Seconds: the hour of TL02 and the day of SBC11 and IV01 are kept in the ledger, so that no restart forgets them."""

LEAST = 2.0
"""Seconds between two rings of whatever is not rung ahead of time, however fast a simulator is."""

LEAST_HOUR = 60.0
"""The same for what is due daily."""


def beat_schedule(settings: Settings) -> dict[str, Any]:
    """Celery's `beat_schedule`."""
    periods = polls_of(settings.mirakl_tier)
    polls = {
        name: _entry(f"polling.{name}", "polling", _often(settings.scaled(periods[name].period))) for name in WHEN_DUE
    }
    polls["sweep"] = _entry("polling.sweep", "polling", max(SHORTEST, settings.scaled(SWEEP)))
    follow = max(SHORTEST, settings.scaled(periods["follow_refunds"].period))
    polls["follow_refunds"] = _entry("polling.follow_refunds", "polling", follow)
    account = {
        name: _entry(f"reconciliation.{name}", "reconciliation", max(LEAST, settings.scaled(ACCOUNT_READ_EVERY)))
        for name in ACCOUNT_READS
    }
    beats = {
        f"heartbeat-{queue}": _entry(
            "fleet.heartbeat", queue, heartbeat_period(settings), urgent=True, kwargs={"queue": queue}
        )
        for queue in POLICIES
    }  # fmt: skip
    daily = {
        name: _entry(f"polling.{name}", "polling", max(LEAST_HOUR, settings.scaled(periods[name].period)))
        for name in DAILY
    }
    watches = {
        name: _entry(f"polling.{name}", "polling", max(LEAST, settings.scaled(period)))
        for name, period in WATCHES.items()
    }
    return polls | daily | watches | account | beats


def heartbeat_period(settings: Settings) -> float:
    """Seconds between two signs of life of a worker, and between two messages that show that a queue is served."""
    return max(LEAST_HEARTBEAT, settings.scaled(HEARTBEAT))


def silent_after(settings: Settings) -> float:
    """Seconds without a sign of life after which a worker is taken for silent: three of them may be lost."""
    return stale_after(settings.call_interval_scale)


def _often(period: float) -> float:
    return min(LONGEST, max(SHORTEST, period / 4))


def _entry(
    task: str, queue: str, seconds: float, *, urgent: bool = False, kwargs: dict[str, str] | None = None
) -> dict[str, Any]:
    # No `expires`: it is a date by Beat's clock, and a worker whose clock is ahead would throw every ring away.
    # `tasks.beat` keeps rings that nobody takes from piling up.
    options = {"queue": queue, "priority": URGENT if urgent else ORDINARY}
    return {"task": task, "schedule": seconds, "kwargs": kwargs or {}, "options": options}
