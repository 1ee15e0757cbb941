"""A process that may die, or be stopped for long, at any step, on a clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from integration.domain.refunds import Answered, Asked
from integration.ledger.store import Ledger, Ring, Tx
from integration.mirakl.client import Mirakl
from integration.usecases.ports import Ports


class Killed(BaseException):
    """No `except Exception` may outlive it, as none outlives SIGKILL."""


class Clock:
    """The time of the database, of the sandbox and of the process; it moves a little whenever somebody looks."""

    START = datetime(2026, 11, 23, tzinfo=UTC)

    def __init__(self) -> None:
        self.passed = timedelta()

    def now(self) -> datetime:
        self.passed += timedelta(milliseconds=1)
        return self.START + self.passed

    def monotonic(self) -> float:
        return self.passed.total_seconds()

    def move(self, seconds: float) -> None:
        self.passed += timedelta(seconds=seconds)


class Life:
    """Counts the steps of a process: every commit (before it, before the bell, after it), and OR28 (before, after)."""

    def __init__(self) -> None:
        self.spare()

    def spare(self) -> None:
        """Nothing more happens to it."""
        self._left, self._fate, self._spares_writers = -1, _nothing, False

    def strike(self, step: int, fate: Callable[[], None], *, spares_writers: bool = False) -> None:
        """After so many steps `fate` happens, once.

        :param spares_writers: not inside a transaction: who waits for its locks would wait for ever.
        """
        self._left, self._fate, self._spares_writers = step, fate, spares_writers

    def step(self, *, writing: bool = False) -> None:
        if self._left < 0 or (writing and self._spares_writers):
            return
        self._left -= 1
        if self._left < 0:
            self._fate()


class MortalLedger(Ledger):
    def __init__(self, ledger: Ledger, life: Life) -> None:
        def bell(rings: Sequence[Ring]) -> None:
            life.step()
            ledger._bell(rings)

        super().__init__(ledger.engine, shop=ledger.shop, who=ledger.who, bell=bell)
        self._life = life

    @contextmanager
    def write(self) -> Iterator[Tx]:
        with super().write() as tx:
            yield tx
            self._life.step(writing=True)
        self._life.step()


class MortalMirakl(Mirakl):
    def __init__(self, mirakl: Mirakl, life: Life) -> None:
        super().__init__(mirakl._transport, None)
        self._life = life

    def refund(self, asked: Asked) -> Answered:
        self._life.step()
        answer = super().refund(asked)
        self._life.step()
        return answer


def mortal(ports: Ports, life: Life) -> Ports:
    """The ports of a process with this life."""
    return replace(ports, ledger=MortalLedger(ports.ledger, life), mirakl=MortalMirakl(ports.mirakl, life))


def die() -> None:
    raise Killed


def _nothing() -> None:
    """The fate of a process that is spared."""
