"""Beat, for whom rings have no date of expiry: a queue that nobody serves is not rung for again and again."""

from __future__ import annotations

from typing import Any

from celery.beat import PersistentScheduler, ScheduleEntry

MOST_WAITING = 500
"""Messages of a queue. Whoever finds so many has work enough; a ring that finds none is over in milliseconds."""


class Rings(PersistentScheduler):
    """Celery's own, but it leaves a ring out where too many messages wait already."""

    def apply_async(self, entry: ScheduleEntry, producer: Any = None, advance: bool = True, **options: Any) -> Any:
        if producer is not None and self._waiting(producer, entry.options["queue"]) >= MOST_WAITING:
            return None
        return super().apply_async(entry, producer=producer, advance=advance, **options)

    def _waiting(self, producer: Any, queue: str) -> int:
        """By the broker's count: dates of two hosts are not compared."""
        return int(producer.channel.queue_declare(queue=queue).message_count)
