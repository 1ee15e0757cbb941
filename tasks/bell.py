"""The bell: wakes the worker of a queue up for one intent. It may fail; the sweeper rings again."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import groupby

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from integration.ledger.store import Ring
from integration.usecases.catalogue import ACTS
from tasks.app import app
from tasks.policy import ORDINARY, URGENT, WAIT

log = logging.getLogger(__name__)

BATCH = 16
"""Ids of one message: as many calls as the acknowledgement worker has connections."""


def ring(rings: Sequence[Ring]) -> None:
    """Publish ids, and nothing that could decide an amount: one to a message, or a batch where the act takes one."""
    try:
        with app.producer_or_acquire() as producer:
            for kind, urgent, delay, ids in _messages(rings):
                queue = ACTS[kind].queue
                app.send_task(
                    f"{queue}.{kind}",
                    kwargs={"intent_ids": ids} if ACTS[kind].in_batches else {"intent_id": ids[0]},
                    queue=queue,
                    priority=URGENT if urgent else ORDINARY,
                    headers={WAIT: delay} if delay else None,
                    producer=producer,
                    retry=False,
                )
    except (OperationalError, RedisError, OSError) as failure:
        log.warning("the bell did not ring for %d intents: %s", len(rings), type(failure).__name__)


def _messages(rings: Sequence[Ring]) -> Iterator[tuple[str, bool, float, list[str]]]:
    def alike(ring: Ring) -> tuple[str, bool, float]:
        return ring.kind, not ring.urgent, round(ring.delay, 1)

    for _, group in groupby(sorted(rings, key=alike), key=alike):
        together = list(group)
        size = BATCH if ACTS[together[0].kind].in_batches else 1
        for start in range(0, len(together), size):
            part = together[start : start + size]
            longest = max(ring.delay for ring in part)
            yield part[0].kind, part[0].urgent, longest, [str(ring.intent_id) for ring in part]
