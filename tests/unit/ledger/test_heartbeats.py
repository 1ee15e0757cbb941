"""The signs of life of each worker, and what is told of one that gives none any more."""

from __future__ import annotations

import logging
import os
import socket
from datetime import timedelta

import pytest
from sqlalchemy import update

from integration.ledger.heartbeats import beat, forget_worker, heartbeats, show_life, workers
from integration.ledger.store import Ledger
from integration.ledger.tables import HeartbeatRow
from integration.usecases.watch_workers import FORGOTTEN_AFTER, watch_workers
from tests.unit.ledger.conftest import at_once

HOST = socket.gethostname()


def a_worker_of_another_host(ledger: Ledger, *, silent_for: float) -> None:
    with ledger.write() as tx:
        show_life(tx, "refund", pid=7, busy=False)
        tx.session.execute(
            update(HeartbeatRow).where(HeartbeatRow.pid == 7).values(
                host="host-a", seen_at=tx.now - timedelta(seconds=silent_for)
            )
        )  # fmt: skip


def seen(ledger: Ledger) -> set[tuple[str, str, int]]:
    with ledger.read() as tx:
        return {(one.queue, one.host, one.pid) for one in workers(tx)}


def test_each_worker_has_an_age_of_its_own(ledger: Ledger) -> None:
    """S4: a worker that is silent is not hidden by another one of its queue."""
    a_worker_of_another_host(ledger, silent_for=135)
    for _ in range(2):
        with ledger.write() as tx:
            beat(tx, "refund")
    with ledger.read() as tx:
        ages = {(one.host, one.pid): one.age for one in workers(tx)}
        answered = {beat.queue: beat.age for beat in heartbeats(tx)}
    assert ages == {("host-a", 7): pytest.approx(135, abs=10), (HOST, os.getpid()): pytest.approx(0, abs=10)}
    assert answered == {"refund": pytest.approx(0, abs=10)}


def test_a_queue_answers_when_a_task_came_through_or_its_worker_has_its_hands_full(ledger: Ledger) -> None:
    """S3: a worker that is at work is not taken for one that takes no messages."""
    with ledger.write() as tx:
        show_life(tx, "refund", pid=1, busy=False)
        assert heartbeats(tx) == []
        show_life(tx, "refund", pid=1, busy=True)
        assert [beat.queue for beat in heartbeats(tx)] == ["refund"]


def test_the_first_signs_of_life_of_many_are_not_in_each_others_way(ledger: Ledger) -> None:
    """S4: processes that start at once on a fresh ledger write one row each, and none of them fails."""

    def live(number: int) -> None:
        with ledger.write() as tx:
            beat(tx, "refund", pid=1 + number % 2)

    at_once(8, live)
    assert seen(ledger) == {("refund", HOST, 1), ("refund", HOST, 2)}


def test_who_is_silent_is_told_of_once_and_forgotten_when_it_is_gone_for_long(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    """S4: the worker of a frozen host is told of by one that lives."""
    a_worker_of_another_host(ledger, silent_for=135)

    def look() -> None:
        watch_workers(ledger, "refund", pid=1, busy=False, silent_after=60)

    with caplog.at_level(logging.ERROR):
        look()
        look()
        assert [record.getMessage().partition(" s:")[0] for record in caplog.records] == [
            "the worker of queue refund on host host-a (process 7) has been silent for 135"
        ]
        a_worker_of_another_host_lives_again(ledger)
        look()
        a_worker_of_another_host_lives_again(ledger, ago=135)
        look()
        assert [record.__dict__["alert"] for record in caplog.records] == ["worker_silent"] * 2
    a_worker_of_another_host_lives_again(ledger, ago=FORGOTTEN_AFTER + 1)
    look()
    assert seen(ledger) == {("refund", HOST, 1)}


def a_worker_of_another_host_lives_again(ledger: Ledger, *, ago: float = 0.0) -> None:
    with ledger.write() as tx:
        tx.session.execute(
            update(HeartbeatRow).where(HeartbeatRow.host == "host-a").values(seen_at=tx.now - timedelta(seconds=ago))
        )


def test_a_worker_that_ends_in_order_takes_its_leave(ledger: Ledger) -> None:
    """S4: nobody is told of a worker that was stopped."""
    with ledger.write() as tx:
        beat(tx, "refund", pid=1)
        beat(tx, "refund", pid=2)
    with ledger.write() as tx:
        forget_worker(tx, "refund", pid=1)
    assert seen(ledger) == {("refund", HOST, 2)}
