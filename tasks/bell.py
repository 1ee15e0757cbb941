"""The bell: wakes the worker of a queue up for one intent. It may fail; the sweeper rings again."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from integration.ledger.store import Ring
from integration.usecases.catalogue import ACTS
from tasks.app import app
from tasks.policy import ORDINARY, URGENT

log = logging.getLogger(__name__)


def ring(rings: Sequence[Ring]) -> None:
    """Publish one message for each ring: an id, and nothing that could decide an amount."""
    try:
        with app.producer_or_acquire() as producer:
            for one in rings:
                queue = ACTS[one.kind].queue
                app.send_task(
                    f"{queue}.{one.kind}",
                    kwargs={"intent_id": str(one.intent_id)},
                    queue=queue,
                    priority=URGENT if one.urgent else ORDINARY,
                    countdown=one.delay or None,
                    producer=producer,
                    retry=False,
                )
    except (OperationalError, RedisError, OSError) as failure:
        log.warning("the bell did not ring for %d intents: %s", len(rings), type(failure).__name__)
