"""Whether the fleet is well, in one word, with a sentence for each thing that is not: what, since when, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from integration.domain.pace import stale_after
from integration.ledger.heartbeats import Heartbeat, Worker, newest_of_each, workers
from integration.ledger.listings import oldest_due, waiting_deadlines
from integration.ledger.standings import paused_operations
from integration.ledger.store import Tx
from integration.settings import Settings
from integration.usecases.catalogue import ACTS
from integration.usecases.recovery_state import NEXT_STEP, WITHHELD, recovery_state
from integration.usecases.watch_deadlines import acceptance_forecast
from integration.usecases.watch_silence import in_words, sentence_of, silent_polls

QUEUES: Final = tuple(sorted({act.queue for act in ACTS.values()} | {"polling", "reconciliation"}))
"""Each must have a live worker; the policy table of the tasks has the same."""

OVERDUE = 300.0
"""Seconds, of the fleet's pace, that something may be due and not be done."""

LEAST_OVERDUE = 60.0
"""The same beside a simulator."""

LAST_PART = 0.1
"""Of an order's acceptance time: whoever has no more left is told of at once."""


@dataclass(frozen=True)
class Verdict:
    """:param reasons: what stops everything first, then what is not as it should be; none for `OK`."""

    word: Literal["OK", "DEGRADED", "DOWN"]
    reasons: tuple[str, ...]


def verdict_of(*, down: Sequence[str], degraded: Sequence[str]) -> Verdict:
    """The word for what was found."""
    return Verdict("DOWN" if down else "DEGRADED" if degraded else "OK", (*down, *degraded))


def judge(settings: Settings, tx: Tx, *, broker: str | None) -> Verdict:
    """By what the ledger shows at this moment, by its own clock.

    :param broker: why the broker does not answer, in a sentence; None where it does.
    """
    fresh = stale_after(settings.call_interval_scale)
    heard = workers(tx)
    beats = {beat.queue: beat for beat in newest_of_each(heard)}
    alive = {queue for queue, beat in beats.items() if beat.age < fresh}
    down = [] if broker is None else [broker]
    degraded = []
    if not alive:
        down.append(_nobody(list(beats.values())))
    else:
        degraded += [_missing(queue, beats.get(queue)) for queue in QUEUES if queue not in alive]
        degraded += [_silent(worker) for worker in heard if worker.queue in alive and worker.age > fresh]
        degraded += _overdue(settings, tx)
    degraded += _recovery(tx)
    degraded += [sentence_of(settings, poll) for poll in silent_polls(settings, tx)]
    degraded += _paused(tx) + _orders(settings, tx)
    return verdict_of(down=down, degraded=degraded)


def _nobody(beats: Sequence[Heartbeat]) -> str:
    if not beats:
        return "No worker was ever heard of: start the fleet with `backhaul up`."
    last = min(beat.age for beat in beats)
    return (
        f"No worker was heard of for {in_words(last)}: the fleet is stopped, or its messages do not arrive. Start it "
        "with `backhaul up`, or look at its log."
    )


def _missing(queue: str, beat: Heartbeat | None) -> str:
    since = "was never heard of" if beat is None else f"was last heard of {in_words(beat.age)} ago"
    return f"The worker of {queue} {since}: look at the log of whatever runs it; `backhaul up` starts it again."


def _silent(worker: Worker) -> str:
    """Its queue is served, by others: so nobody would miss it."""
    return (
        f"The worker of {worker.queue} on {worker.host} ({worker.pid}) has shown no sign of life for "
        f"{in_words(worker.age)}, while others of its queue have: look whether it, or its host, is frozen."
    )


def _recovery(tx: Tx) -> list[str]:
    """A new ledger's first look ends by itself, and is nothing to look after."""
    state = recovery_state(tx)
    if state is None or state.is_first_look:
        return []
    return [f"IN RECOVERY: {state.detail} {WITHHELD} See `{NEXT_STEP}`."]


def _overdue(settings: Settings, tx: Tx) -> list[str]:
    allowed = max(LEAST_OVERDUE, settings.scaled(OVERDUE))
    return [
        f"{kind} has been due for {in_words(seconds)} and is not done: its queue is behind; look at Flower."
        for kind, seconds in oldest_due(tx).items()
        if seconds > allowed
    ]


def _paused(tx: Tx) -> list[str]:
    return [
        f"{row.operation} of {row.system} is refused ({row.refused_status}) since {row.refused_since:%Y-%m-%d %H:%M} "
        "UTC: give the key back, or its role, then `backhaul check`."
        if row.refused_since is not None
        else f"{row.operation} of {row.system} has not answered since {row.failing_since:%Y-%m-%d %H:%M} UTC: look at "
        "its status page."
        for row in paused_operations(tx)
    ]


def _orders(settings: Settings, tx: Tx) -> list[str]:
    _, nearest = waiting_deadlines(tx)
    last_part = timedelta(hours=LAST_PART * settings.acceptance_sla_hours)
    if nearest is not None and nearest - tx.now < last_part:
        return [
            f"An order waits for its acceptance, and its time ends at {nearest:%Y-%m-%d %H:%M} UTC: accept it on "
            "Mirakl by hand, if it stays in `backhaul orders list --state waiting`."
        ]
    outlook = acceptance_forecast(settings, tx)
    if outlook is None or outlook.first_late is None:
        return []
    return [
        f"At the present rate not all of {outlook.waiting} waiting orders are accepted in time, the first of them "
        f"until {outlook.first_late:%Y-%m-%d %H:%M} UTC: look why OR21 is slow."
    ]
