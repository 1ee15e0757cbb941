"""Who is killed as hung, and who is not: on a controlled clock, at production's pace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from integration.fleet.watch import HUNG_AFTER, LONGEST_STEP, Watch
from integration.ledger.engine import make_engine
from integration.ledger.heartbeats import show_life
from integration.ledger.store import Ledger
from integration.ledger.tables import HeartbeatRow

LOOKS_EVERY = 5.0
"""Seconds, as the supervisor does."""

REFUND, RESTOCK, POLLING = ("refund", 11), ("restock", 12), ("polling", 13)
ALL = (REFUND, RESTOCK, POLLING)


class Scene:
    """Three workers of this host, a clock, and a broker that can be away."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.now = 0.0
        self.broker_is_away = False
        self.pids = dict(ALL)
        with ledger.write() as tx:
            for queue, pid in ALL:
                show_life(tx, queue, pid=pid, busy=True)
        self.watch = Watch(ledger, self._ask_broker, lambda: self.pids, clock=lambda: self.now)

    def pass_time(self, seconds: float, *, live: tuple[tuple[str, int], ...] = ALL, take: bool = True) -> list[str]:
        """Who was said to hang at any look meanwhile.

        :param live: who shows that it lives.
        :param take: whether they take messages as well.
        """
        hung: list[str] = []
        until = self.now + seconds
        while self.now < until:
            self.now += LOOKS_EVERY
            self._live(live, take=take)
            hung += self.watch.hung()
        return sorted(set(hung))

    def _live(self, live: tuple[tuple[str, int], ...], *, take: bool) -> None:
        with self._ledger.write() as tx:
            for queue, pid in live:
                change = {"seen_at": tx.now + timedelta(seconds=self.now)}
                if take or queue != "refund":
                    change["answered_at"] = tx.now + timedelta(seconds=self.now)
                tx.session.execute(
                    update(HeartbeatRow).where(HeartbeatRow.queue == queue, HeartbeatRow.pid == pid).values(change)
                )

    def _ask_broker(self) -> None:
        if self.broker_is_away:
            raise ConnectionError


@pytest.fixture
def scene(sqlite_url: str) -> Iterator[Scene]:
    engine = make_engine(sqlite_url)
    yield Scene(Ledger(engine, shop="default", who="up"))
    engine.dispose()


def test_who_is_silent_while_the_others_live_is_killed(scene: Scene) -> None:
    """S3: a worker that shows no sign of life for 90 s, in which it could have, hangs."""
    assert scene.pass_time(HUNG_AFTER - LOOKS_EVERY, live=(RESTOCK, POLLING)) == []
    assert scene.pass_time(3 * LOOKS_EVERY, live=(RESTOCK, POLLING)) == ["refund"]


def test_who_lives_and_takes_no_message_is_killed_too(scene: Scene) -> None:
    """S3: a worker that lives, is not at work and takes nothing from its queue for 90 s has lost the broker."""
    assert scene.pass_time(HUNG_AFTER - LOOKS_EVERY, take=False) == []
    assert scene.pass_time(3 * LOOKS_EVERY, take=False) == ["refund"]


def broker_outage(scene: Scene) -> None:
    scene.broker_is_away = True
    assert scene.pass_time(10 * HUNG_AFTER, live=()) == []
    scene.broker_is_away = False


def silence_of_all(scene: Scene) -> None:
    assert scene.pass_time(10 * HUNG_AFTER, live=()) == []


def an_older_process(scene: Scene) -> None:
    scene.pids["refund"] = 99
    assert scene.pass_time(2 * HUNG_AFTER, live=(RESTOCK, POLLING)) == []


def a_long_sleep_of_the_supervisor(scene: Scene) -> None:
    scene.now += 100 * HUNG_AFTER
    assert scene.watch.hung() == []
    assert LONGEST_STEP < HUNG_AFTER / 3


@pytest.mark.parametrize("happened", [broker_outage, silence_of_all, an_older_process, a_long_sleep_of_the_supervisor])
def test_nobody_is_killed_for_what_is_not_their_own_doing(scene: Scene, happened: Callable[[Scene], None]) -> None:
    """S3: an outage of the broker or the database, the silence of all, or a frozen host kills no healthy worker."""
    happened(scene)
    assert scene.pass_time(HUNG_AFTER / 2, live=(RESTOCK, POLLING)) == []
    assert scene.pass_time(HUNG_AFTER) == []


def test_nobody_is_killed_while_the_database_does_not_answer(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3: after an outage of the database silence begins anew."""
    scene.pass_time(HUNG_AFTER - LOOKS_EVERY, live=(RESTOCK, POLLING))
    with monkeypatch.context() as patched:
        patched.setattr("integration.fleet.watch.workers", lambda _tx: 1 / 0)
        assert scene.pass_time(2 * HUNG_AFTER, live=()) == []
    assert scene.pass_time(HUNG_AFTER / 2, live=(RESTOCK, POLLING)) == []
