"""Celery's task events without their gaps: in a pool of threads, those of Celery itself lose some.

Celery keeps the events of tasks in a list until its event loop has time for them (`celery/events/dispatcher.py`,
5.6.3). Its `flush` publishes that list and then empties it, and the threads of a pool add to it meanwhile: what they
add between the two is thrown away. Whoever watches sees the task as received or started for ever. It also throws away
what could not be published while the broker was gone, and what is said after the event loop has ended.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from celery.app.events import Events
from celery.events.dispatcher import EventDispatcher
from celery.worker import state
from kombu.asynchronous import get_event_loop

MOST_KEPT = 10_000
"""Messages of events that wait for a broker which is gone; older ones are dropped, since they only inform."""


class Dispatcher(EventDispatcher):
    """Sends every event once, in order, whichever thread says it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._outbound_buffer: deque[Any] = deque(maxlen=MOST_KEPT)
        self._successor: Dispatcher | None = None
        if kwargs.get("on_send_buffered") is not None:
            self.on_send_buffered = self._flush_soon

    def send(self, type: str, *args: Any, **fields: Any) -> Any:  # noqa: A002 - Celery's name
        """A task that runs while the connection is made anew keeps the dispatcher it began with."""
        if self._successor is not None:
            return self._successor.send(type, *args, **fields)
        return super().send(type, *args, **fields)

    def flush(self, errors: bool = True, groups: bool = True) -> None:
        with self.mutex:
            if errors and not self._publish_again():
                return
            for group, events in list(self._group_buffer.items()) if groups else []:
                if taken := events[:]:
                    self._publish(taken, self.producer, f"{group}.multi")
                    del events[: len(taken)]  # and none of those that a thread has added since

    def extend_buffer(self, other: Dispatcher) -> None:
        """Take over from the dispatcher of a connection that is gone."""
        super().extend_buffer(other)
        other._successor = self
        for group, events in list(other._group_buffer.items()):
            self._group_buffer[group] += events

    def close(self) -> None:
        """At a warm stop the tasks end after the event loop has, and the connection is closed before this is called."""
        if state.should_stop is not None and any(self._group_buffer.values()):
            with self.app.connection_for_write() as connection:
                self.connection, self.channel = connection, None
                self.enable()
                self.flush()
        super().close()

    def _publish_again(self) -> bool:
        """What could not be published, oldest first; False where the broker is still gone."""
        for _ in range(len(self._outbound_buffer)):
            event, routing_key, _ = self._outbound_buffer.popleft()
            before = len(self._outbound_buffer)
            self._publish(event, self.producer, routing_key)
            if len(self._outbound_buffer) > before:
                self._outbound_buffer.rotate(1)
                return False
        return True

    def _flush_soon(self) -> None:
        # Celery adds to the loop's set of callbacks without the lock that the loop takes it with.
        loop = get_event_loop()
        if loop is not None:
            loop.call_soon(self.flush)  # type: ignore[no-untyped-call]  # kombu ships no types


class CompleteEvents(Events):
    """For `Celery(events=…)`: everything is Celery's own, but for the dispatcher."""

    dispatcher_cls = "tasks.events:Dispatcher"
