"""What whoever watches the fleet (Flower) hears of a task: that it was received, that it ended, and what came of it."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from celery import Celery

from integration.sandbox.client import SandboxClient
from integration.usecases.poll_orders import poll_orders
from integration.usecases.ports import Ports
from tests.queues.conftest import Start
from tests.servers import wait_until

pytestmark = pytest.mark.queues

MESSAGES = 400
ANSWERS_SLOWLY = 1.5
"""Seconds, under the least deadline of a call (2 s)."""

ENDS = {"task-succeeded", "task-failed"}


class Story(NamedTuple):
    """What was said of one task."""

    types: list[str]
    facts: dict[str, Any]


class Watcher:
    """Hears the events of tasks as Flower does."""

    def __init__(self, app: Celery) -> None:
        self._stories: dict[str, Story] = defaultdict(lambda: Story([], {}))
        self._app = app
        self._listens = threading.Event()

    def stories(self, name: str) -> list[Story]:
        return [story for story in list(self._stories.values()) if story.facts.get("name") == name]

    @contextmanager
    def watching(self) -> Iterator[Watcher]:
        with self._app.connection_for_read() as connection:
            receiver = self._app.events.Receiver(connection, handlers={"*": self._hear})
            receiver.on_consume_ready = lambda *_, **__: self._listens.set()
            thread = threading.Thread(target=receiver.capture, kwargs={"limit": None, "wakeup": False}, daemon=True)
            thread.start()
            try:
                assert self._listens.wait(20)
                yield self
            finally:
                receiver.should_stop = True
                thread.join(20)

    def _hear(self, event: dict[str, Any]) -> None:
        if event["type"].startswith("task-"):
            story = self._stories[event["uuid"]]
            story.types.append(event["type"])
            story.facts.update(event)


def ended(stories: list[Story]) -> int:
    return sum(bool(ENDS & set(story.types)) for story in stories)


def test_every_task_that_was_received_ends_in_the_events_with_its_outcome(
    ports: Ports, app: Celery, sandbox: SandboxClient, start: Start
) -> None:
    """S9: of a pool of threads no event is lost, also not at its end; outcomes are in them, and rings say nothing."""
    with Watcher(app).watching() as watcher:
        worker = start("acknowledgement")
        with app.producer_or_acquire() as producer:
            for number in range(MESSAGES):
                send(app, producer, "acknowledgement.accept_order", intent_ids=[str(uuid4())])
                if number % 20 == 0:
                    send(app, producer, "fleet.heartbeat", queue="acknowledgement")

        def stories() -> list[Story]:
            return watcher.stories("acknowledgement.accept_order")

        wait_until(lambda: ended(stories()) == MESSAGES, within=60, what="the end of every task")
        sandbox.add_fault("OR21", "delay", seconds=ANSWERS_SLOWLY)
        sandbox.seed_orders(1)
        poll_orders(ports)
        wait_until(lambda: bool(sandbox.calls("OR21")), what="a call that is under way")
        worker.ask_to_stop()
        wait_until(lambda: ended(stories()) == MESSAGES + 1, what="the end of the task that the worker waited for")
        assert {tuple(story.types) for story in stories()} == {("task-received", "task-started", "task-succeeded")}
        outcomes = Counter(story.facts["result"] for story in stories())
        assert outcomes == {"'1 nothing to do'": MESSAGES, "'1 confirmed'": 1}
        assert watcher.stories("fleet.heartbeat") == []


def send(app: Celery, producer: Any, name: str, **kwargs: Any) -> None:
    app.send_task(name, kwargs=kwargs, queue="acknowledgement", producer=producer)
