"""Tell of polls of which nothing has come for long: a refused key, a permanent 5xx, a poll that nobody begins."""

from __future__ import annotations

import logging
from functools import partial

from integration.domain.pace import polls_of, silent_after
from integration.ledger.marks import alert_once, forget_alerts, given_alerts, lasts
from integration.ledger.polls import PollAge, poll_ages
from integration.ledger.store import Tx
from integration.settings import Settings
from integration.usecases.ports import Ports

log = logging.getLogger(__name__)

ALERT = "poll_silent"
NOTICED = f"{ALERT} noticed"

LASTS = 30.0
"""Seconds, not scaled, that a silence is watched before it is told: a fleet that was away has only begun to read."""


def watch_silence(ports: Ports) -> str:
    """Alert once for each poll that has become silent, and again when it was well in between."""
    with ports.ledger.write() as tx:
        tx.lock(f"alert:{ALERT}")
        silent = {poll.name: poll for poll in silent_polls(ports.settings, tx)}
        forget_alerts(tx, ALERT, [name for name in given_alerts(tx, ALERT) if name not in silent])
        for name, poll in silent.items():
            if lasts(tx, ALERT, name, seconds=LASTS) and alert_once(tx, ALERT, name):
                sentence = sentence_of(ports.settings, poll)
                tx.after_commit.append(partial(log.error, "%s", sentence, extra={"alert": "poll_silent", "poll": name}))
        noticed = given_alerts(tx, NOTICED)
        forget_alerts(tx, NOTICED, [name for name in noticed if name not in silent])
    return f"{len(silent)} silent"


def silent_polls(settings: Settings, tx: Tx) -> list[PollAge]:
    """Polls that have read nothing completely for longer than is normal, by name."""
    polls, scale = polls_of(settings.mirakl_tier), settings.call_interval_scale
    return [age for age in poll_ages(tx) if age.name in polls and age.seconds > silent_after(polls[age.name], scale)]


def sentence_of(settings: Settings, poll: PollAge) -> str:
    """What is silent, since when, why as far as it is known, and what to do."""
    operation = polls_of(settings.mirakl_tier)[poll.name].operation
    why = poll.failure or "nobody has tried since: is the polling worker alive?"
    return (
        f"{poll.name} ({operation}) has read nothing to its end for {in_words(poll.seconds)}: {why.rstrip('.')}. "
        "`backhaul check` says whether the other side lets us in."
    )


def in_words(seconds: float) -> str:
    """A length of time as people say it."""
    for size, word in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} seconds"
