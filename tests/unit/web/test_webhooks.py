"""Which deliveries are acknowledged, and what each of them leaves in the ledger."""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from integration.ledger.engine import make_engine
from integration.ledger.store import Ledger
from integration.reveni.signature import sign
from integration.web import webhooks
from tests.servers import free_port
from tests.unit.web.running import FORMER_KEY, KEY, RunningWeb, an_event, promises, stored_events

BODY = json.dumps(an_event()).encode()


def test_an_event_is_acknowledged_when_it_stands_in_the_ledger(web: RunningWeb, ledger: Ledger) -> None:
    answer = web.deliver(an_event(id="e1", resource_id="r1"))
    assert (answer.status_code, answer.json()) == (202, {"status": "stored"})
    assert [(row.event_id, row.event, row.resource_id) for row in stored_events(ledger)] == [
        ("e1", "return.updated", "r1")
    ]
    assert [(intent.kind, intent.plan) for intent in promises(ledger)] == [("read_verdict", {"reveni_return_id": "r1"})]


def test_a_duplicate_is_acknowledged_and_changes_nothing(web: RunningWeb, ledger: Ledger) -> None:
    event = an_event()
    web.deliver(event)
    answer = web.deliver(event)
    assert (answer.status_code, answer.json()) == (202, {"status": "known"})
    assert len(stored_events(ledger)) == len(promises(ledger)) == 1


@pytest.mark.crash_matrix(23)
def test_a_thousand_deliveries_of_one_event_fifty_at_once_are_stored_once(database_url: str) -> None:
    engine = make_engine(database_url)
    ledger = Ledger(engine, shop="default", who="web")
    event = an_event()
    with RunningWeb(ledger) as web, ThreadPoolExecutor(50) as senders:
        answers = list(senders.map(lambda _: web.deliver(event), range(1_000)))
    assert Counter(answer.status_code for answer in answers) == {202: 1_000}
    assert Counter(answer.json()["status"] for answer in answers) == {"stored": 1, "known": 999}
    assert len(stored_events(ledger)) == len(promises(ledger)) == 1
    engine.dispose()


def test_the_key_before_a_rotation_is_still_accepted(web: RunningWeb) -> None:
    assert web.deliver(an_event(), key=FORMER_KEY).status_code == 202


@pytest.mark.crash_matrix(23)
@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "v1=00",
        "t=1",
        f"t={time.time()},v1=",
        "t=1,t=2,v1=00",
        sign(BODY, "a stranger's key", now=time.time()),
    ],
    ids=["none", "empty", "without time", "without signature", "empty signature", "two times", "a stranger's"],
)
def test_a_delivery_that_nobody_of_ours_signed_is_refused(
    web: RunningWeb, ledger: Ledger, signature: str | None
) -> None:
    answer = web.post(BODY, {} if signature is None else {"X-REVENI-SIGNATURE": signature})
    assert answer.status_code == 401
    assert stored_events(ledger) == []


def test_one_changed_byte_spoils_the_signature(web: RunningWeb) -> None:
    signature = sign(BODY, KEY, now=time.time())
    assert web.post(BODY + b" ", {"X-REVENI-SIGNATURE": signature}).status_code == 401


@pytest.mark.crash_matrix(23)
@pytest.mark.parametrize("age", [310.0, -310.0, 360.0, 8 * 86_400.0])
def test_a_signature_from_another_time_is_refused(web: RunningWeb, ledger: Ledger, age: float) -> None:
    assert web.deliver(an_event(), age=age).status_code == 401
    assert stored_events(ledger) == []


@pytest.mark.parametrize("age", [290.0, -290.0])
def test_clocks_may_differ_a_little(web: RunningWeb, age: float) -> None:
    assert web.deliver(an_event(), age=age).status_code == 202


@pytest.mark.parametrize(
    "event",
    [
        b"",
        b"not JSON",
        b"\xff\xfe",
        b"[" * 100_000,
        b'"a word"',
        b"[]",
        b"{}",
        an_event(id=None),
        an_event(id=""),
        an_event(id="x" * 256),
        an_event(id="nul\x00"),
        an_event(event="line\nbreak"),
        an_event(resource_id=None),
        an_event(resource_id="\ud800"),
    ],
)
def test_what_is_signed_and_is_no_event_is_refused(web: RunningWeb, ledger: Ledger, event: Any) -> None:
    answer = web.deliver(event)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]
    assert stored_events(ledger) == []


def test_the_signature_is_looked_at_before_the_body_is_understood(web: RunningWeb) -> None:
    assert web.deliver(b"not JSON", key="a stranger's key").status_code == 401


@pytest.mark.parametrize("resource", ["webhook", None])
def test_an_event_about_something_else_is_acknowledged_and_ignored(
    web: RunningWeb, ledger: Ledger, resource: str | None
) -> None:
    answer = web.deliver(an_event(resource=resource))
    assert (answer.status_code, answer.json()) == (202, {"status": "ignored"})
    assert stored_events(ledger) == []


@pytest.mark.parametrize("verb", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_every_other_verb_is_refused(web: RunningWeb, verb: str) -> None:
    answer = requests.request(verb, f"{web.url}/webhooks/reveni", data=BODY, timeout=20)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


@pytest.mark.crash_matrix(4)
def test_nothing_is_acknowledged_while_the_database_is_down() -> None:
    """X1: who is not stored is told when to try again."""
    engine = make_engine(f"postgresql+psycopg://backhaul:pass-word@127.0.0.1:{free_port()}/none")
    rung: list[Any] = []
    with RunningWeb(Ledger(engine, shop="default", who="web", bell=rung.append)) as web:
        answer = web.deliver(an_event())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "pass-word" not in answer.text
    assert rung == []
    engine.dispose()


@pytest.mark.crash_matrix(4)
def test_a_database_that_hangs_is_not_waited_for(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "PATIENCE", 0.2)
    event = an_event()
    with RunningWeb(ledger) as web:
        with ledger.write() as tx:
            assert tx.now  # the first statement takes SQLite's only place for a writer
            assert web.deliver(event).status_code == 503
        monkeypatch.setattr(webhooks, "PATIENCE", 20.0)
        assert web.deliver(event).status_code == 202
    assert len(stored_events(ledger)) == 1


def test_no_answer_and_no_line_of_the_log_repeats_what_was_sent(
    web: RunningWeb, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("shopper@example.com")

    monkeypatch.setattr(webhooks, "verify", fail)
    answer = requests.post(f"{web.url}/webhooks/reveni?email=shopper@example.com", data=BODY, timeout=20)
    assert (answer.status_code, answer.json()) == (500, {"error": "internal server error"})
    assert "Server" not in answer.headers
    assert [record.getMessage() for record in caplog.records if record.name.startswith("integration")] == [
        "ReveniWebhook failed"
    ]


def test_a_path_that_nobody_has_is_not_found(web: RunningWeb, caplog: pytest.LogCaptureFixture) -> None:
    answer = web.get("/webhooks/other")
    assert (answer.status_code, answer.json()) == (404, {"error": "not found"})
    assert caplog.records == []
