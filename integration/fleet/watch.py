"""Which of this host's workers hang: not who is silent, but who is silent while all that it needs answers."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from redis import Redis, RedisError

from integration.ledger.heartbeats import Worker, workers
from integration.ledger.store import Ledger

log = logging.getLogger(__name__)

HUNG_AFTER = 90.0
"""Seconds of silence after which a worker is taken for hung; only those count in which it could have spoken."""

OTHERS_WITHIN = 30.0
"""Seconds in which another worker must have been heard of: if all are silent, it is not for their own sake."""

LONGEST_STEP = 15.0
"""Seconds that one look counts for at the most: this process may have been frozen itself since the last one."""


Key = tuple[str, str, int]
"""A worker's queue, host and process."""


@dataclass
class Silence:
    """What was last heard of one worker, and when by our own clock."""

    seen: float
    answered: float | None
    seen_at: float
    answered_at: float
    unseen: float = 0.0
    """Seconds without a sign of life in which that was the worker's own doing."""
    untaken: float = 0.0
    """The same without a message that it took."""


class Watch:
    """Looks every few seconds, and measures silence by this process's own clock, as a sum of good looks.

    A look is good when the database and the broker answer and another worker was heard of. After an outage, silence
    begins anew: workers that could not speak are not killed for it.

    :param broker_answers: raises when it does not.
    :param pids: of this host's processes by name, at this moment; a worker has the name of its queue.
    """

    def __init__(
        self,
        ledger: Ledger,
        broker_answers: Callable[[], object],
        pids: Callable[[], Mapping[str, int]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._broker_answers = broker_answers
        self._pids = pids
        self._clock = clock
        self._looked_at = clock()
        self._silences: dict[Key, Silence] = {}

    def hung(self) -> list[str]:
        """Names of processes that are to be killed; nothing while the database or the broker does not answer."""
        now = self._clock()
        step, self._looked_at = min(now - self._looked_at, LONGEST_STEP), now
        try:
            with self._ledger.read() as tx:
                seen = workers(tx)
                at = tx.now.timestamp()
            self._broker_answers()
        except Exception as failure:  # whatever it was: nobody can show that they live
            log.debug("cannot tell which processes hang: %s", type(failure).__name__)
            self._silences.clear()
            return []
        self._note(seen, at, now)
        here = socket.gethostname()
        return [queue for queue, pid in self._pids().items() if self._hangs((queue, here, pid), now, step)]

    def _note(self, seen: Sequence[Worker], at: float, now: float) -> None:
        """Which signs are new since the last look."""
        known, self._silences = self._silences, {}
        for worker in seen:
            sign, answer = at - worker.age, None if worker.answered is None else at - worker.answered
            key = (worker.queue, worker.host, worker.pid)
            one = self._silences[key] = known.get(key) or Silence(sign, answer, now, now)
            if _differ(one.seen, sign):
                one.seen, one.seen_at, one.unseen = sign, now, 0.0
            if _differ(one.answered, answer):
                one.answered, one.answered_at, one.untaken = answer, now, 0.0

    def _hangs(self, key: Key, now: float, step: float) -> bool:
        silence = self._silences.get(key)
        if silence is None:  # it has never been heard of, and may be starting
            return False
        others = {other: one for other, one in self._silences.items() if other != key}
        lively = {other for other, one in others.items() if now - one.seen_at < OTHERS_WITHIN}
        if lively or not others:
            silence.unseen += step
        # Of several workers of a queue, each message shows one of them only.
        alone = key[0] not in {other[0] for other in lively}
        others_take = any(now - others[one].answered_at < OTHERS_WITHIN for one in lively)
        if alone and others_take and silence.answered is not None:
            silence.untaken += step
        return silence.unseen > HUNG_AFTER or silence.untaken > HUNG_AFTER


def redis_answers(broker_url: str) -> None:
    """:raises RedisError: it does not answer within seconds."""
    with Redis.from_url(broker_url, socket_timeout=2, socket_connect_timeout=2) as client:
        if not client.ping():
            raise RedisError("no answer to PING")


def _differ(before: float | None, now: float | None) -> bool:
    # Both are counted back from the database's clock, so that what is the same differs by a hair from look to look.
    return before != now and (before is None or now is None or abs(now - before) > 0.5)
