"""A fleet without Celery, for tests of the use cases: the same promises, carried out one after another in this process."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Engine

from integration.domain.retry import RetryPolicy
from integration.ledger.engine import make_engine
from integration.ledger.migrations import migrate
from integration.ledger.store import Ring
from integration.settings import Settings
from integration.usecases.carry_out import carry_out
from integration.usecases.catalogue import ACTS
from integration.usecases.follow_refunds import follow_refunds
from integration.usecases.poll_orders import poll_orders
from integration.usecases.poll_returns import poll_returns
from integration.usecases.read_verdict import poll_verdicts
from integration.usecases.sweep import sweep
from integration.wiring import make_ports

IMPATIENT = RetryPolicy(first=1, longest=5)


class InlineFleet:
    """Polls, sweeps and carries out what was rung for, as long as a condition does not hold.

    :param deaf: the bell is lost every time, so that only the sweeper finds what is due.
    """

    def __init__(self, settings: Settings, *, deaf: bool = False) -> None:
        self.settings = settings
        self.engine: Engine = make_engine(settings.database_url)
        migrate(self.engine)
        self._rings: deque[Ring] = deque()
        self.deaf = deaf
        self.outcomes: list[tuple[str, str]] = []
        self.ports = make_ports(settings, who="test", bell=self._ring, engine=self.engine)

    def _ring(self, rings: Sequence[Ring]) -> None:
        if not self.deaf:
            self._rings.extend(rings)

    def work(self) -> int:
        """Carry out all that was rung for and is due; how many."""
        done = 0
        for _ in range(len(self._rings)):
            ring = self._rings.popleft()
            outcome = carry_out(self.ports, ACTS[ring.kind], ring.intent_id, retry=IMPATIENT)
            self.outcomes.append((ring.kind, outcome))
            done += outcome != "nothing to do"
        return done

    def tick(self) -> None:
        """One turn of everything that Beat rings for, and all that follows from it."""
        for poll in (poll_orders, poll_returns, poll_verdicts, follow_refunds, sweep):
            poll(self.ports)
        while self.work():
            pass

    def until(self, condition: Callable[[], bool], *, limit: float = 60.0) -> None:
        """Turn until the condition holds; fails, telling what happened last, when it does not within `limit` seconds."""
        end = time.monotonic() + limit
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not reached within {limit} s; last outcomes: {self.outcomes[-12:]}")
            self.tick()
            time.sleep(0.02)

    def close(self) -> None:
        self.engine.dispose()


def settings_for(environment: dict[str, str], *, data_dir: Path, database_url: str, **over: object) -> Settings:
    """Settings that point at a sandbox, without looking at this process's environment."""
    facts: dict[str, object] = {name.lower(): value for name, value in environment.items()}
    facts |= {"backhaul_data_dir": data_dir, "database_url": database_url, **over}
    return Settings.model_validate(facts)
