"""`replay`: take up a held case again; nothing that may have been sent is sent blindly."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from integration.ledger import intents
from integration.ledger.orders import get_order
from integration.ledger.reviews import reviews
from integration.ledger.store import Ledger
from integration.ledger.tables import Intent
from tests.unit.cli import cases
from tests.unit.cli.conftest import Backhaul


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """Both databases: a replay is a transaction with locks."""
    url: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    return url


def replayed(backhaul: Backhaul, *words: object) -> dict[str, Any]:
    result = backhaul("replay", *words, "--apply", "--json")
    assert result.exit_code == 0, result.output
    outcome: dict[str, Any] = json.loads(result.stdout)
    return outcome


def open_reasons(ledger: Ledger) -> list[str]:
    with ledger.read() as tx:
        return [review.reason for review in reviews(tx)]


def test_a_plan_says_what_it_would_do_and_changes_nothing(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_held_order(ledger)
    plan = backhaul("replay", "order", "O-1")
    assert plan.exit_code == 0
    assert "accept every line of order O-1 on Mirakl (OR21)" in plan.stdout
    assert "add --apply" in plan.stdout
    assert cases.state_of(ledger, "accept_order", "O-1")[0] == "held"
    assert open_reasons(ledger) == ["order_not_on_mirakl"]


def test_a_held_order_is_decided_again_and_leaves_the_inbox(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_held_order(ledger, sends=1)
    outcome = replayed(backhaul, "order", "O-1")
    assert (outcome["kind"], outcome["subject"], outcome["applied"]) == ("order", "O-1", True)
    assert cases.state_of(ledger, "accept_order", "O-1") == ("decided", 1)
    with ledger.read() as tx:
        order, [review] = get_order(tx, "O-1"), reviews(tx, state=None)
    assert order is not None
    assert (order.state, order.reason) == ("waiting", None)
    assert (review.state, review.resolved_by, review.resolution) == ("resolved", "cli:ada", "replayed")


def test_the_next_sweep_rings_for_what_was_replayed(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_held_order(ledger)
    replayed(backhaul, "order", "O-1")
    with ledger.write() as tx:
        assert intents.ring_due(tx, rering_after=3_600) == 1


def test_a_second_replay_changes_nothing_and_says_so(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_held_order(ledger)
    replayed(backhaul, "order", "O-1")
    again = backhaul("replay", "order", "O-1", "--apply")
    assert again.exit_code == 1
    assert "nothing changes" in again.stderr
    as_json = backhaul("replay", "order", "O-1", "--apply", "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["steps"] == []


@pytest.mark.parametrize(
    "words",
    [
        ("order", "O-9"), ("return", "R-9"), ("event", "E-9"), ("refund", uuid.uuid4()), ("stock", uuid.uuid4()),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_nothing_to_replay(backhaul: Backhaul, ledger: Ledger, words: tuple[object]) -> None:
    result = backhaul("replay", *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no " in result.stderr


@pytest.mark.parametrize("words", [("refund", "12"), ("stock", "12"), ("return",), ("return", "R-1", "--reason", "x")])
def test_a_malformed_request_is_wrong_usage(backhaul: Backhaul, ledger: Ledger, words: tuple[object]) -> None:
    assert backhaul("replay", *words).exit_code == 2


def test_a_refund_that_was_never_sent_is_worked_out_and_sent_again(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_return(ledger)
    cases.map_lines(ledger)
    refund_id = cases.a_refund(ledger)
    steps = replayed(backhaul, "refund", refund_id)["steps"]
    assert "(OR28)" in steps[0]
    assert "1 unit(s) of line O-1-1 of order O-1" in steps[1]
    assert "reason 17 (RETURN_CHANGED_MIND in return_reasons.csv), shipping none" in steps[1]
    assert cases.state_of(ledger, "push_refund", "R-1/O-1-1/1") == ("decided", 0)
    assert open_reasons(ledger) == []


@pytest.mark.parametrize("reason", ["unknown_outcome", "ambiguous_refund", "refund_rejected"])
def test_a_refund_that_was_ever_sent_is_read_and_not_sent(backhaul: Backhaul, ledger: Ledger, reason: str) -> None:
    refund_id = cases.a_refund(ledger, reason=reason, sends=1)
    steps = replayed(backhaul, "refund", refund_id)["steps"]
    assert "look whether an earlier sending had its effect" in steps[0]
    assert cases.state_of(ledger, "push_refund", "R-1/O-1-1/1") == ("unknown", 1)


def test_a_refund_is_not_read_while_another_of_its_order_is_in_flight(backhaul: Backhaul, ledger: Ledger) -> None:
    refund_id = cases.a_refund(ledger, sends=1)
    with ledger.write() as tx:
        held = intents.get(tx, refund_id)
        assert held is not None
        held.group_key = "refund:O-1"
        other, _ = intents.decide(tx, "push_refund", "R-2/O-1-2/1", group="refund:O-1")
        assert intents.claim(tx, other.id, lease=60) is not None
    result = backhaul("replay", "refund", refund_id, "--apply")
    assert (result.exit_code, "Not now" in result.stderr) == (1, True)
    assert cases.state_of(ledger, "push_refund", "R-1/O-1-1/1") == ("held", 1)


def test_a_refund_that_mirakl_made_otherwise_needs_a_persons_word(backhaul: Backhaul, ledger: Ledger) -> None:
    refund_id = cases.a_refund(ledger, reason="answer_differs", sends=1)
    result = backhaul("replay", "refund", refund_id, "--apply")
    assert result.exit_code == 1
    assert "backhaul review resolve" in result.stderr
    assert cases.state_of(ledger, "push_refund", "R-1/O-1-1/1")[0] == "held"
    assert open_reasons(ledger) == ["answer_differs"]


def test_a_refund_that_waits_goes_on_by_itself(backhaul: Backhaul, ledger: Ledger) -> None:
    refund_id = cases.a_refund(ledger, state="decided", reason="insufficient_balance")
    result = backhaul("replay", "refund", refund_id, "--apply")
    assert (result.exit_code, "by itself (insufficient_balance)" in result.stderr) == (1, True)


@pytest.mark.parametrize("state", ["confirmed", "unknown", "claimed"])
def test_a_refund_that_is_not_held_stays_as_it_is(backhaul: Backhaul, ledger: Ledger, state: str) -> None:
    refund_id = cases.a_refund(ledger, state=state)
    assert backhaul("replay", "refund", refund_id, "--apply").exit_code == 1
    assert cases.state_of(ledger, "push_refund", "R-1/O-1-1/1")[0] == state


def test_a_refund_of_others_is_not_replayed(backhaul: Backhaul, ledger: Ledger) -> None:
    result = backhaul("replay", "refund", cases.an_external_refund(ledger), "--apply")
    assert (result.exit_code, "is external" in result.stderr) == (1, True)


def test_an_event_that_could_not_be_read_is_read_again(backhaul: Backhaul, ledger: Ledger) -> None:
    with ledger.write() as tx:
        cases.hold(tx, "read_verdict", "E-1", "event_without_return", plan={"reveni_return_id": "4e26"})
    assert "(W3)" in replayed(backhaul, "event", "E-1")["steps"][0]
    assert cases.state_of(ledger, "read_verdict", "E-1")[0] == "decided"


def test_an_event_that_was_read_is_not_read_again(backhaul: Backhaul, ledger: Ledger) -> None:
    with ledger.write() as tx:
        intent, _ = intents.decide(tx, "read_verdict", "E-1", plan={"reveni_return_id": "4e26"})
        intents.close(tx, intent, "confirmed", reason="read")
    result = backhaul("replay", "event", "E-1", "--apply")
    assert (result.exit_code, "backhaul replay return" in result.stderr) == (1, True)


@pytest.mark.parametrize("kind", ["refund", "order", "return", "event"])
def test_what_is_parked_is_taken_up_at_once(backhaul: Backhaul, ledger: Ledger, kind: str) -> None:
    """P4: after a pause that somebody else has asked for, nobody need wait for its end."""
    if kind == "refund":
        subject = str(cases.a_refund(ledger, state="decided", reason="waiting_to_retry"))
    else:
        subject = {"order": "O-1", "return": "R-1", "event": "E-1"}[kind]
        cases.an_open_order(ledger)
        cases.a_return(ledger)
    kinds = {"refund": "push_refund", "order": "accept_order", "return": "map_return", "event": "read_verdict"}
    with ledger.write() as tx:
        if kind != "refund":
            intents.decide(tx, kinds[kind], subject, plan={"reveni_return_id": "T-1"})
            tx.session.flush()
        years = tx.now + timedelta(days=20_000)
        tx.session.execute(update(Intent).where(Intent.kind == kinds[kind]).values(due_at=years))
    planned = backhaul("replay", kind, subject)
    assert "try at once" in planned.stdout, planned.output
    assert backhaul("replay", kind, subject, "--apply").exit_code == 0
    with ledger.read() as tx:
        [intent] = tx.session.scalars(select(Intent).where(Intent.kind == kinds[kind]))
        assert (intent.state, intent.due_at <= tx.now) == ("decided", True)
