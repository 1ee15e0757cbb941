"""The bell behind a webhook: whatever the broker does, the acknowledgement does not wait for it."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Sequence

import pytest
from sqlalchemy import Engine

from integration.ledger.store import Ledger, Ring
from integration.web import bell as bell_module
from integration.web.bell import BackgroundBell
from tests.servers import wait_until
from tests.unit.web.running import RunningWeb, an_event, promises, stored_events

RINGS = [Ring("read_verdict", uuid.uuid4())]


class Broker:
    """Takes rings when it is `up`, and hangs or fails as it is told."""

    def __init__(self) -> None:
        self.answering = threading.Event()
        self.fails_with: Exception | None = None
        self.taken: list[Ring] = []

    def __call__(self, rings: Sequence[Ring]) -> None:
        self.answering.wait()
        if self.fails_with is not None:
            raise self.fails_with
        self.taken += rings


def rung_by(engine: Engine, broker: Broker) -> Ledger:
    return Ledger(engine, shop="default", who="web", bell=BackgroundBell(broker))


def test_a_stored_event_rings_for_its_reading(ledger: Ledger) -> None:
    broker = Broker()
    broker.answering.set()
    with RunningWeb(rung_by(ledger.engine, broker)) as web:
        assert web.deliver(an_event()).status_code == 202
        wait_until(lambda: bool(broker.taken), what="the ring")
    assert [ring.intent_id for ring in broker.taken] == [intent.id for intent in promises(ledger)]


@pytest.mark.crash_matrix(3)
def test_a_broker_that_hangs_delays_no_acknowledgement(ledger: Ledger) -> None:
    broker = Broker()
    with RunningWeb(rung_by(ledger.engine, broker)) as web:
        assert [web.deliver(an_event()).status_code for _ in range(3)] == [202, 202, 202]
        assert broker.taken == []
        broker.answering.set()
        wait_until(lambda: len(broker.taken) == 3, what="three rings")
    assert len(stored_events(ledger)) == 3


@pytest.mark.crash_matrix(3)
def test_a_bell_that_fails_spoils_no_acknowledgement_and_rings_the_next_time(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker()
    broker.answering.set()
    broker.fails_with = RuntimeError("its words may hold a password")
    with RunningWeb(rung_by(ledger.engine, broker)) as web:
        assert web.deliver(an_event()).status_code == 202
        wait_until(lambda: "the bell did not ring: RuntimeError" in caplog.messages, what="the warning")
        broker.fails_with = None
        assert web.deliver(an_event()).status_code == 202
        wait_until(lambda: bool(broker.taken), what="the second ring")
    assert "password" not in caplog.text


def test_rings_beyond_what_may_wait_are_left_to_the_sweeper(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bell_module, "WAITING", 1)
    broker = Broker()
    bell = BackgroundBell(broker)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):  # one may be in the broker's hands, one waits
            bell(RINGS)
    assert "the bell is behind: the sweeper will ring for 1 intents" in caplog.messages
    broker.answering.set()
