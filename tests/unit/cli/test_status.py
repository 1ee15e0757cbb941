"""`status`: where the fleet stands, on one page."""

from __future__ import annotations

import json
import os
import socket
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from integration.cli import check
from integration.cli.status import within
from integration.fleet.broker import EmbeddedBroker
from integration.ledger import intents
from integration.ledger.ceilings import FleetGate
from integration.ledger.heartbeats import beat
from integration.ledger.marks import move_watermark
from integration.ledger.polls import begin_poll, poll_failed, poll_succeeded
from integration.ledger.stock import add_movement, open_import
from integration.ledger.store import Ledger
from integration.ledger.tables import HeartbeatRow, PollRow
from integration.mirakl.operations import OR11
from integration.usecases.judge_fleet import QUEUES
from tasks.policy import POLICIES
from tests.unit.cli import cases
from tests.unit.cli.conftest import Backhaul


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """Both databases: what is counted is counted in SQL."""
    url: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    return url


def status(backhaul: Backhaul) -> dict[str, Any]:
    result = backhaul("status", "--json")
    facts: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (0 if facts["verdict"] == "OK" else 1)
    assert (facts["verdict"] == "OK") == (facts["reasons"] == [])
    return facts


def all_beat(ledger: Ledger) -> None:
    with ledger.write() as tx:
        for queue in QUEUES:
            beat(tx, queue)


def test_a_fleet_that_is_well_is_ok(
    backhaul: Backhaul, ledger: Ledger, broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S10: the first word is the verdict, and exit 0 is for OK alone."""
    monkeypatch.setenv("BROKER_URL", broker.url)
    all_beat(ledger)
    assert status(backhaul)["verdict"] == "OK"
    told = backhaul("status")
    assert (told.exit_code, told.stdout.splitlines()[0]) == (0, "OK")
    assert set(QUEUES) == set(POLICIES)


def test_a_fleet_that_is_stopped_and_a_broker_that_is_frozen_are_down(
    backhaul: Backhaul, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S10: by a real look with a short limit, whatever the ledger's figures say."""
    monkeypatch.setattr(check, "BROKER_ANSWERS_WITHIN", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        monkeypatch.setenv("BROKER_URL", f"redis://:hunter2@127.0.0.1:{frozen.getsockname()[1]}/0")
        facts = status(backhaul)
        told = backhaul("status")
    assert facts["verdict"] == "DOWN"
    silent, stopped = facts["reasons"]
    assert "the broker does not answer" in silent
    assert "start the fleet with `backhaul up`" in stopped
    assert (told.exit_code, told.stdout.splitlines()[0], "hunter2" in told.output) == (1, "DOWN", False)


def test_a_worker_a_poll_a_key_or_work_that_is_late_degrades_the_fleet(
    backhaul: Backhaul, ledger: Ledger, broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1, S10: each with a sentence that says since when, and what to do."""
    monkeypatch.setenv("BROKER_URL", broker.url)
    all_beat(ledger)
    cases.an_open_order(ledger, hours_left=1)
    with ledger.write() as tx:
        long_ago = tx.now - timedelta(hours=3)
        tx.session.execute(
            update(HeartbeatRow).where(HeartbeatRow.queue == "refund").values(seen_at=long_ago, answered_at=long_ago)
        )
        for name in ("poll_orders", "poll_returns"):
            begin_poll(tx, name)
            poll_succeeded(tx, name)
        poll_failed(tx, "poll_orders", "OR11: 401, the key or its role is refused")
        tx.session.execute(update(PollRow).where(PollRow.name == "poll_orders").values(succeeded_at=long_ago))
        intents.decide(tx, "accept_order", "O-1", due_at=long_ago)
    gate = FleetGate(ledger, scale=1)
    gate.admit(OR11, counted=False)
    gate.answered(OR11, "mirakl", 401)
    facts = status(backhaul)
    assert facts["verdict"] == "DEGRADED"
    refund, late, orders, key, deadline = facts["reasons"]
    assert refund.startswith("The worker of refund was last heard of 3 hours ago")
    assert late.startswith("accept_order has been due for 3 hours")
    assert orders.startswith("poll_orders (OR11) has read nothing to its end for 3 hours: OR11: 401")
    assert key.startswith("OR11 of mirakl is refused (401) since")
    assert deadline.startswith("An order waits for its acceptance")
    assert facts["poll_ages"]["poll_orders"] >= 3 * 3_600 > 60 > facts["poll_ages"]["poll_returns"]


def test_a_silent_worker_among_others_of_its_queue_degrades_the_fleet(
    backhaul: Backhaul, ledger: Ledger, broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S4, S10: its queue is served, so nothing else would tell of it."""
    monkeypatch.setenv("BROKER_URL", broker.url)
    all_beat(ledger)
    with ledger.write() as tx:
        beat(tx, "refund", pid=1)
        long_ago = tx.now - timedelta(hours=3)
        tx.session.execute(update(HeartbeatRow).where(HeartbeatRow.pid == 1).values(seen_at=long_ago))
    facts = status(backhaul)
    (silent,) = facts["reasons"]
    assert facts["verdict"] == "DEGRADED"
    assert silent.startswith(
        f"The worker of refund on {socket.gethostname()} (1) has shown no sign of life for 3 hours"
    )


def test_a_database_that_does_not_answer_is_down(backhaul: Backhaul, monkeypatch: pytest.MonkeyPatch) -> None:
    """S10: and its password is not shown."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://fleet:hunter2@127.0.0.1:9/ledger")
    facts = status(backhaul)
    assert facts["verdict"] == "DOWN"
    assert "does not answer" in facts["reasons"][0]
    assert "hunter2" not in str(facts)


def test_a_look_that_does_not_come_back_ends_all_the_same() -> None:
    """S10: a database that is frozen says nothing at all."""
    with pytest.raises(TimeoutError):
        within(0.05, lambda: time.sleep(5))
    with pytest.raises(KeyError):
        within(5, lambda: dict[str, int]()["missing"])


def test_everything_is_counted_by_its_state(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.an_open_order(ledger, "O-1", hours_left=12)
    cases.an_open_order(ledger, "O-2", hours_left=6)
    cases.an_open_order(ledger, "O-3", state="acknowledged")
    cases.a_return(ledger, held_reason="unmapped_return_reason")
    cases.a_refund(ledger)
    cases.an_external_refund(ledger)
    cases.a_movement(ledger, state="done", reason=None)
    facts = status(backhaul)
    assert facts["orders"] == {"acknowledged": 1, "waiting": 2}
    assert facts["returns"] == {"held": 1}
    assert facts["refunds"] == {"external": 1, "held": 1}
    assert facts["movements"] == {"done": 1}
    assert facts["open_reviews"] == 2
    nearest = json.loads(backhaul("orders", "list", "--json").stdout)[0]
    assert (nearest["order_id"], facts["nearest_deadline"]) == ("O-2", nearest["deadline"])
    assert facts["oldest_waiting_order"] is not None


def test_a_refund_that_mirakl_has_paid_counts_as_refunded(backhaul: Backhaul, ledger: Ledger) -> None:
    refund_id = cases.a_refund(ledger, state="confirmed")
    assert status(backhaul)["refunds"] == {"confirmed": 1}
    cases.pay(ledger, refund_id)
    assert status(backhaul)["refunds"] == {"refunded": 1}


def test_a_person_reads_the_signs_of_life_too(backhaul: Backhaul, ledger: Ledger) -> None:
    with ledger.write() as tx:
        beat(tx, "refund")
    result = backhaul("status")
    assert "heartbeat ages        refund " in result.stdout
    assert f"refund on {socket.gethostname()} ({os.getpid()}) 0 s" in " ".join(result.stdout.split())


def test_signs_of_life_watermarks_and_the_import_in_flight_are_shown(backhaul: Backhaul, ledger: Ledger) -> None:
    """S4: each worker is shown, with its host and its age."""
    with ledger.write() as tx:
        beat(tx, "refund")
        move_watermark(tx, "RT11", tx.now - timedelta(minutes=5))
        import_id = str(open_import(tx).id)
    facts = status(backhaul)
    assert 0 <= facts["heartbeat_ages"]["refund"] < 60
    (worker,) = facts["workers"]
    assert (worker["queue"], worker["host"], worker["pid"]) == ("refund", socket.gethostname(), os.getpid())
    assert 0 <= worker["seen_seconds"] < 60
    assert facts["watermarks"]["RT11"].endswith("Z")
    assert (facts["unfinished_import"]["import_id"], facts["unfinished_import"]["sent_at"]) == (import_id, None)


def test_restock_has_a_line_of_its_own(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_movement(ledger, state="parked", reason="product_not_live_yet")
    with ledger.write() as tx:
        open_import(tx)
        add_movement(
            tx, return_id="R-2", order_line_id="L-2", sku="SKU-2", quantity=1, location=None, state="pending",
            reason=None,
        ).due_at = tx.now - timedelta(seconds=90)  # fmt: skip
    told = status(backhaul)["restock"]
    assert 90 <= told.pop("oldest_waiting_seconds") < 150
    assert told == {"imports_in_flight": 1, "refused_lines": 1}
    assert "restock               oldest waiting seconds " in backhaul("status").stdout.replace("_", " ")


def test_nothing_of_another_shop_is_counted(
    backhaul: Backhaul, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases.an_open_order(ledger)
    monkeypatch.setenv("MIRAKL_SHOP_ID", "2001")
    facts = status(backhaul)
    assert (facts["shop"], facts["orders"], facts["open_reviews"]) == ("2001", {}, 0)


def test_passwords_are_masked(backhaul: Backhaul, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_URL", "redis://fleet:hunter2@127.0.0.1:6379/1")
    assert status(backhaul)["broker_url"] == "redis://fleet:***@127.0.0.1:6379/1"
    assert "hunter2" not in backhaul("status").output


@pytest.mark.usefixtures("no_tables")
def test_a_fleet_that_never_ran_has_a_status_too(backhaul: Backhaul) -> None:
    facts = status(backhaul)
    assert (facts["ledger_current"], facts["broker_url"]) == (False, None)
    for_people = backhaul("status").stdout
    assert "backhaul up" in for_people
    assert "BROKER_URL" in for_people


def test_a_person_is_told_when_cases_wait_for_one(backhaul: Backhaul, ledger: Ledger) -> None:
    assert "review list" not in backhaul("status").stdout
    cases.a_movement(ledger)
    assert "backhaul review list" in backhaul("status").stdout
