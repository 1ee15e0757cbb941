"""Processes that go on a step at a time, and may be killed or stand still for ever at any of them, on a clock that a
test moves."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from socket import socket

import pytest

from integration import departure, http
from integration.departure import Departure
from integration.domain.orders import Order
from integration.domain.refunds import Answered, Asked
from integration.ledger import standings
from integration.ledger.store import Ledger, Ring, Tx
from integration.mirakl.client import Mirakl
from integration.sandbox.world import World
from integration.usecases import keeping, polling, while_claimed
from integration.usecases.ports import Ports


class Killed(BaseException):
    """No `except Exception` may outlive it, as none outlives SIGKILL."""


class Clock:
    """The time of the database, of the marketplace and of the process; it moves a little whenever somebody looks."""

    START = datetime(2026, 11, 23, tzinfo=UTC)

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.passed = timedelta()
        self.ahead = timedelta()
        """By how much the marketplace's clock is ahead of ours."""

    def now(self) -> datetime:
        self.passed += timedelta(milliseconds=1)
        return self.START + self.passed

    def marketplace(self) -> datetime:
        return self.now() + self.ahead

    def monotonic(self) -> float:
        return self.passed.total_seconds()

    def sleep(self, seconds: float) -> None:
        """Nobody waits on this clock: it is moved on."""
        self.move(max(0.0, seconds))

    def move(self, seconds: float) -> None:
        self.passed += timedelta(seconds=seconds)

    def rule(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have everybody look at this clock, and nobody wait for the real one."""
        monkeypatch.setattr(Tx, "_read_clock", lambda _tx: self.now())
        monkeypatch.setattr(World, "now", staticmethod(self.marketplace))
        monkeypatch.setattr(keeping, "time", self)
        monkeypatch.setattr(while_claimed, "time", self)
        monkeypatch.setattr(http, "monotonic", self.monotonic)
        monkeypatch.setattr(standings, "monotonic", self.monotonic)
        monkeypatch.setattr(polling, "time", self)
        monkeypatch.setattr(departure, "monotonic", self.monotonic)
        monkeypatch.setattr(http, "_pause", lambda _state: 0.0)


class Witness:
    """Sees what one process does to the marketplace."""

    def reads(self) -> None:
        """It looks at the order."""

    def leaves(self) -> None:
        """The first byte of its OR28 is about to leave."""

    def is_over(self) -> None:
        """It has an answer, or will never have one."""


class Process:
    """Does one piece of work in a thread of its own, as far as it is let: one process goes on at a time.

    It stops before each transaction, before each bell, and around OR28: before it is begun, immediately before its
    first byte, and when its answer is there. Between these nothing can be seen of it from outside.
    """

    def __init__(self, work: Callable[[Process], object], *, about: uuid.UUID, witness: Witness) -> None:
        self._work, self.about, self.witness = work, about, witness
        self._turn, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._killed = self._dies_in_transaction = False
        self.sending = self.over = False
        self.failure: BaseException | None = None
        threading.Thread(target=self._live, daemon=True).start()

    def go_on(self, steps: int = 1) -> None:
        """So many steps further, or to its end.

        :raises BaseException: what it ended with.
        """
        for _ in range(steps):
            if self.over:
                return
            self._turn.release()
            self._back.acquire()
        if self.failure is not None:
            raise self.failure

    def finish(self) -> None:
        while not self.over:
            self.go_on()

    def kill(self, *, in_transaction: bool = False) -> None:
        """Here and now, or, where it begins a transaction next, before that has committed."""
        self._killed, self._dies_in_transaction = not in_transaction, in_transaction
        self.finish()

    def step(self) -> None:
        """Called by the work, outside of transactions: who waits for its locks would wait for ever."""
        self._back.release()
        self._turn.acquire()
        if self._killed:
            raise Killed

    def commit(self) -> None:
        """Called by the work, before a transaction commits."""
        if self._dies_in_transaction:
            raise Killed

    def _live(self) -> None:
        self._turn.acquire()
        CURRENT.set(self)
        try:
            self._work(self)
        except Killed:
            pass
        except BaseException as failure:
            self.failure = failure
        self.over = True
        self._back.release()


CURRENT: ContextVar[Process] = ContextVar("process")


class MortalLedger(Ledger):
    def __init__(self, ledger: Ledger, process: Process) -> None:
        def bell(rings: Sequence[Ring]) -> None:
            process.step()
            ledger._bell(rings)

        super().__init__(ledger.engine, shop=ledger.shop, who=ledger.who, bell=bell)
        self._process = process

    @contextmanager
    def write(self) -> Iterator[Tx]:
        self._process.step()
        with super().write() as tx:
            yield tx
            self._process.commit()


class MortalMirakl(Mirakl):
    def __init__(self, mirakl: Mirakl, process: Process) -> None:
        super().__init__(mirakl._transport, None)
        self._process = process

    def orders(self, order_ids: Sequence[str], tax_mode: str | None = None) -> list[Order]:
        self._process.witness.reads()
        return super().orders(order_ids, tax_mode)

    def refund(self, asked: Asked) -> Answered:
        self._process.step()
        self._process.sending = True
        try:
            answer = super().refund(asked)
        finally:
            self._process.sending = False
            self._process.witness.is_over()
        self._process.step()
        return answer


def stop_before_the_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more step of a process is where a call is about to leave, with its connection open."""
    leaving = Departure.leaving

    def later(leaves: Departure, connected: socket) -> None:
        process = CURRENT.get(None)
        if process is not None and process.sending:
            process.step()
        leaving(leaves, connected)
        if process is not None and process.sending:
            process.witness.leaves()

    monkeypatch.setattr(Departure, "leaving", later)


def mortal(ports: Ports, process: Process) -> Ports:
    """The ports of this process."""
    return replace(ports, ledger=MortalLedger(ports.ledger, process), mirakl=MortalMirakl(ports.mirakl, process))
