"""A fleet without Celery, for tests of the use cases: the same promises, carried out in this process."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from integration.domain.retry import RetryPolicy
from integration.ledger.engine import make_engine
from integration.ledger.migrations import migrate
from integration.ledger.standing import FIRST_LOOK, begin, leave_recovery
from integration.ledger.store import Ledger, Ring
from integration.settings import Settings
from integration.usecases.acts import Act
from integration.usecases.call_pool import CallPool
from integration.usecases.carry_out import carry_out
from integration.usecases.carry_out_many import carry_out_many
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

    :param deaf: every bell is lost but the sweeper's.
    :param first_start: the ledger has not looked at its shop yet; else it is one that works there already.
    """

    def __init__(self, settings: Settings, *, deaf: bool = False, first_start: bool = False) -> None:
        self.settings = settings
        self.engine: Engine = make_engine(settings.database_url)
        migrate(self.engine)
        self._rings: deque[Ring] = deque()
        self.deaf, self._sweeping = deaf, False
        self.outcomes: list[tuple[str, str]] = []
        self._pool = CallPool(8)
        self.ports = make_ports(settings, who="test", bell=self._ring, engine=self.engine)
        if not first_start:
            begin_at_work(self.ports.ledger)

    def _ring(self, rings: Sequence[Ring]) -> None:
        if self._sweeping or not self.deaf:
            self._rings.extend(rings)

    def work(self) -> int:
        """Carry out all that was rung for and is due; how many."""
        done = 0
        for kind, rings in groupby(self.take_rings(), key=lambda ring: ring.kind):
            for outcome in self._carry_out(ACTS[kind], [ring.intent_id for ring in rings]):
                self.outcomes.append((kind, outcome))
                done += outcome != "nothing to do"
        return done

    def _carry_out(self, act: Act[Any, Any], intent_ids: list[UUID]) -> list[str]:
        if act.in_batches:
            return list(carry_out_many(self.ports, act, intent_ids, retry=IMPATIENT, pool=self._pool).values())
        return [carry_out(self.ports, act, intent_id, retry=IMPATIENT) for intent_id in intent_ids]

    def take_rings(self) -> list[Ring]:
        """What was rung for since, for whoever carries it out in another way."""
        return [self._rings.popleft() for _ in range(len(self._rings))]

    def tick(self) -> None:
        """One turn of everything that Beat rings for, and all that follows from it."""
        for poll in (poll_orders, poll_returns, poll_verdicts, follow_refunds):
            poll(self.ports)
        self.sweep()
        while self.work():
            pass

    def sweep(self) -> None:
        """Ring for what is due, which also a deaf fleet hears."""
        self._sweeping = True
        sweep(self.ports)
        self._sweeping = False

    def until(self, condition: Callable[[], bool], *, limit: float = 60.0) -> None:
        """Turn until the condition holds; fails, telling what happened last, when that takes over `limit` seconds."""
        end = time.monotonic() + limit
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not reached within {limit} s; last outcomes: {self.outcomes[-12:]}")
            self.tick()
            time.sleep(0.02)

    def close(self) -> None:
        self._pool.shutdown()
        self.engine.dispose()


def begin_at_work(ledger: Ledger) -> None:
    """The ledger is one that works for its shop already, and need not look first whether somebody else did."""
    with ledger.write() as tx:
        row = begin(tx)
        if row.reason == FIRST_LOOK:
            leave_recovery(tx, row, epoch=0)


def settings_for(environment: dict[str, str], *, data_dir: Path, database_url: str, **over: object) -> Settings:
    """Settings that point at a sandbox, without looking at this process's environment."""
    facts: dict[str, object] = {name.lower(): value for name, value in environment.items()}
    facts |= {"backhaul_data_dir": data_dir, "database_url": database_url, **over}
    return Settings.model_validate(facts)
