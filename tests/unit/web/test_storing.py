"""Many events in one commit, and each of them acknowledged for itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from integration.ledger.engine import make_engine
from integration.ledger.store import Ledger
from integration.reveni.wire import WebhookEvent
from integration.web import storing
from integration.web.storing import store_all
from tests.servers import wait_until
from tests.unit.web.running import RunningWeb, an_event, promises, stored_events


@pytest.fixture
def both(database_url: str) -> Iterator[Ledger]:
    engine = make_engine(database_url)
    yield Ledger(engine, shop="default", who="web")
    engine.dispose()


@contextmanager
def commits(engine: Engine) -> Iterator[list[int]]:
    """How many transactions have committed."""
    count = [0]

    def one_more(_connection: Any) -> None:
        count[0] += 1

    event.listen(engine, "commit", one_more)
    yield count
    event.remove(engine, "commit", one_more)


def as_read(document: dict[str, Any], **over: Any) -> WebhookEvent:
    return WebhookEvent.model_validate(json.loads(json.dumps(document))).model_copy(update=over)


def test_what_comes_in_during_a_commit_shares_the_next_one(both: Ledger) -> None:
    """X1: a hundred events that come while the database is busy are stored in a few commits, and all acknowledged."""
    events = [an_event() for _ in range(100)]
    with RunningWeb(both) as web, ThreadPoolExecutor(100) as senders:
        with both.write() as tx:
            assert tx.now  # the first statement takes SQLite's only place for a writer
            if both.engine.dialect.name == "postgresql":
                tx.session.execute(text("LOCK TABLE events IN EXCLUSIVE MODE"))
            sending = [senders.submit(web.deliver, one) for one in events]
            wait_until(lambda: len(web.app.settings["running"]) == 100, what="all of them to wait")
        with commits(both.engine) as made:
            answers = [one.result() for one in sending]
    assert Counter((answer.status_code, answer.json()["status"]) for answer in answers) == {(202, "stored"): 100}
    assert made[0] <= 5
    assert len(stored_events(both)) == len(promises(both)) == 100


def test_a_thousand_duplicates_cost_a_few_commits(both: Ledger) -> None:
    """X1: a storm of one event is stored once, and most of it without a commit of its own."""
    one = an_event()
    with RunningWeb(both) as web, ThreadPoolExecutor(50) as senders, commits(both.engine) as made:
        answers = list(senders.map(lambda _: web.deliver(one), range(1_000)))
    assert Counter(answer.json()["status"] for answer in answers) == {"stored": 1, "known": 999}
    assert made[0] < 700


def test_an_event_that_cannot_be_kept_spoils_no_other_of_its_commit(both: Ledger) -> None:
    """X1: the batch of a bad event is stored event by event."""
    good, bad, other = as_read(an_event()), as_read(an_event(), id="nul\x00" * 100), as_read(an_event())
    outcomes = store_all(both, [good, bad, good, other])
    assert [outcomes[0], outcomes[2], outcomes[3]] == [True, False, True]
    kept = {row.event_id for row in stored_events(both)}
    assert kept >= {good.id, other.id}
    assert isinstance(outcomes[1], Exception) == (bad.id not in kept)
    assert {intent.subject for intent in promises(both)} == kept


def test_a_delivery_in_the_same_commit_as_its_duplicate_is_known(both: Ledger) -> None:
    """X1: of two deliveries of one event in one commit, one is stored and one known."""
    one, other = as_read(an_event()), as_read(an_event())
    assert store_all(both, [one, other, one]) == [True, True, False]
    assert store_all(both, [other]) == [False]


def test_too_many_events_are_turned_away_at_once_and_told_of_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """X1: a sender that is turned away is told when to come again; one line says so of all of them."""
    monkeypatch.setattr(storing, "WAITING", 0)
    with RunningWeb(ledger) as web:
        answers = [web.deliver(an_event()) for _ in range(3)]
        figures = web.figures()
    assert {(answer.status_code, answer.headers["Retry-After"]) for answer in answers} == {(503, "5")}
    told = [record for record in caplog.records if record.__dict__.get("alert") == "ledger_down"]
    assert [record.getMessage() for record in told] == [
        "events could not be stored: too many events wait for the database"
    ]
    assert 'backhaul_webhooks_total{outcome="not_stored"} 3.0' in figures
