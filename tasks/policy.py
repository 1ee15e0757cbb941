"""The one table of queues: how each is worked, how many at once, how patiently.

A new queue is a row here, a module beside this one and a line in the Procfile; `tests/test_architecture.py` holds them,
the compose file and the README together.

Pools: threads for queues that wait for HTTP; prefork where a hard time limit and a kill must hit one task
alone (refund).
Threads ignore time limits, so every foreign call has a deadline of its own (`Settings.call_deadline`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from integration.domain.retry import RetryPolicy


@dataclass(frozen=True)
class QueuePolicy:
    """How one queue is worked.

    :param retry: delays, in seconds, of an intent's next attempt; they are dates in the ledger, never in the broker.
    :param hard_limit: seconds after which a task's process is killed (prefork only); its claim expires, and reading
        settles what it did.
    """

    queue: str
    pool: Literal["threads", "prefork"]
    concurrency: int
    retry: RetryPolicy
    hard_limit: int | None = None

    def options(self) -> dict[str, Any]:
        """For `@app.task`."""
        limits = {} if self.hard_limit is None else {"time_limit": self.hard_limit}
        return {"queue": self.queue, **limits}


POLLING = QueuePolicy("polling", "threads", 6, RetryPolicy(first=5, longest=60))
ACKNOWLEDGEMENT = QueuePolicy("acknowledgement", "threads", 8, RetryPolicy(first=2, longest=60))
REASON_MAPPING = QueuePolicy("reason-mapping", "threads", 4, RetryPolicy(first=5, longest=600))
REFUND = QueuePolicy("refund", "prefork", 2, RetryPolicy(first=10, longest=600), hard_limit=120)
RESTOCK = QueuePolicy("restock", "threads", 4, RetryPolicy(first=2, longest=300))
RECONCILIATION = QueuePolicy("reconciliation", "threads", 2, RetryPolicy(first=30, longest=3_600))

POLICIES = {
    policy.queue: policy for policy in (POLLING, ACKNOWLEDGEMENT, REASON_MAPPING, REFUND, RESTOCK, RECONCILIATION)
}

URGENT, ORDINARY = 0, 6
"""Priorities on Redis: the lower goes first."""

WAIT = "wait"
"""The header of a message that is to be taken so many seconds after it has arrived. Celery's own `countdown` becomes a
date by the sender's clock (`eta`), which the receiver compares with its own."""

LONGEST_WAIT = 60.0
"""Seconds; what is due later is a date in the ledger alone."""
