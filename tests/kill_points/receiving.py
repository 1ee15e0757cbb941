"""The steps of a webhook at which the web process dies, while it takes the event whose id is the step's name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event
from typing import Any
from uuid import UUID

from tests.kill_points.deaths import around, die_at

BEFORE_THE_COMMIT = "event-before-its-commit"
BEFORE_THE_ANSWER = "event-before-its-answer"
BEFORE_THE_BELL = "event-before-its-bell"

ANSWERED_WITHIN = 20.0
"""Seconds. An answer follows the commit by milliseconds."""


class Receiving:
    """What this process is at; the sender sends one event at a time."""

    unrung: UUID | None = None
    """The intent for which no bell will ring."""
    answered = Event()


def store_events(original: Callable[..., Any], tx: Any, events: Sequence[Any]) -> Any:
    from integration.ledger import intents

    new = original(tx, events)
    (event,) = events
    if event.id == BEFORE_THE_COMMIT:
        die_at(BEFORE_THE_COMMIT)
    if event.id == BEFORE_THE_BELL:
        promised = intents.find(tx, "read_verdict", event.id)
        Receiving.unrung = None if promised is None else promised.id
        Receiving.answered.clear()
    return new


def store_all(original: Callable[..., Any], ledger: Any, events: Sequence[Any]) -> Any:
    outcomes = original(ledger, events)
    (event,) = events
    if event.id == BEFORE_THE_ANSWER:
        die_at(BEFORE_THE_ANSWER)
    return outcomes


def on_finish(original: Callable[..., Any], answering: Any) -> None:
    original(answering)
    if answering.request.method == "POST":
        Receiving.answered.set()


def ring(original: Callable[..., Any], rings: Sequence[Any]) -> None:
    """In the bell's own thread. The sender is let have the 202 first, and so never sends again."""
    if Receiving.unrung in [one.intent_id for one in rings]:
        Receiving.answered.wait(ANSWERED_WITHIN)
        die_at(BEFORE_THE_BELL)
    original(rings)


def lay_in_wait() -> None:
    """In the order in which an event passes them; `tests/journeys/test_receiving_deaths.py` sends the events."""
    from integration.web import storing
    from integration.web.answers import Answering
    from tasks import bell

    around(storing, "store_events", store_events)
    around(storing, "store_all", store_all)
    around(Answering, "on_finish", on_finish)
    around(bell, "ring", ring)
