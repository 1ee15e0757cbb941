"""Of all who want to keep one promise, one has the claim; of one group, one promise is in flight."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from integration.ledger import intents
from integration.ledger.intents import FenceLost
from integration.ledger.store import BELL_HORIZON, Ledger, Ring
from tests.unit.ledger.conftest import at_once
from tests.unit.ledger.promises import claim, claimed, journal, now_stands, promise, settle


def test_a_promise_is_made_once(ledger: Ledger, rings: list[Ring]) -> None:
    with ledger.write() as tx:
        first, new = intents.decide(tx, "push_refund", "R-1", plan={"units": 1})
        again, new_again = intents.decide(tx, "push_refund", "R-1", plan={"units": 2})
    assert (new, new_again) == (True, False)
    assert again.id == first.id
    assert now_stands(ledger, first.id).plan == {"units": 1}
    assert [ring.intent_id for ring in rings] == [first.id]


def test_of_eight_threads_one_makes_the_promise(ledger: Ledger) -> None:
    def decide(_number: int) -> tuple[uuid.UUID, bool]:
        with ledger.write() as tx:
            intent, new = intents.decide(tx, "push_refund", "R-1")
            return intent.id, new

    made = at_once(8, decide)
    assert [new for _, new in made].count(True) == 1
    assert len({intent_id for intent_id, _ in made}) == 1


def test_of_eight_threads_one_has_the_claim(ledger: Ledger) -> None:
    intent_id = promise(ledger)
    claims = at_once(8, lambda _number: claim(ledger, intent_id))
    [holder] = [intent for intent in claims if intent is not None]
    assert holder.token == 1
    assert claims.count(None) == 7
    assert now_stands(ledger, intent_id).attempts == 1


def test_of_eight_threads_one_reads_an_unknown_outcome(ledger: Ledger) -> None:
    intent_id = promise(ledger)
    settle(ledger, claimed(ledger, intent_id), "unknown", reason="outcome_unknown")
    claims = at_once(8, lambda _number: claim(ledger, intent_id))
    [reader] = [intent for intent in claims if intent is not None]
    assert (reader.state, reader.token) == ("unknown", 2)


def test_whoever_reads_an_unknown_outcome_leaves_the_time_of_the_sending_claim(ledger: Ledger) -> None:
    intent_id = promise(ledger)
    sender = claimed(ledger, intent_id)
    settle(ledger, sender, "unknown")
    assert claimed(ledger, intent_id).claimed_at == sender.claimed_at


def test_what_is_not_due_is_not_claimed(ledger: Ledger) -> None:
    with ledger.write() as tx:
        intent, _ = intents.decide(tx, "push_refund", "R-1", due_at=tx.now + timedelta(hours=1))
    assert claim(ledger, intent.id) is None


@pytest.mark.parametrize("state", ["confirmed", "held", "dropped"])
def test_what_is_settled_is_not_claimed(ledger: Ledger, state: str) -> None:
    intent_id = promise(ledger)
    settle(ledger, claimed(ledger, intent_id), state, reason="because")
    assert claim(ledger, intent_id) is None
    assert now_stands(ledger, intent_id).settled_at is not None


def test_a_promise_that_nobody_made_is_not_claimed(ledger: Ledger) -> None:
    assert claim(ledger, uuid.uuid4()) is None


def test_another_shops_promise_is_not_claimed(ledger: Ledger) -> None:
    intent_id = promise(ledger)
    other = Ledger(ledger.engine, shop="other", who="test")
    assert claim(other, intent_id) is None
    with other.read() as tx:
        assert intents.get(tx, intent_id) is None


def test_the_holder_of_an_old_token_changes_nothing(ledger: Ledger) -> None:
    intent_id = promise(ledger)
    old = claimed(ledger, intent_id)
    settle(ledger, old, "unknown")
    claimed(ledger, intent_id)
    with pytest.raises(FenceLost), ledger.write() as tx:
        intents.settle(tx, old, "confirmed")
    before = now_stands(ledger, intent_id)
    old.state = "claimed"
    with pytest.raises(FenceLost), ledger.write() as tx:
        intents.write_ahead(tx, old, {"amount": "25.00"})
    after = now_stands(ledger, intent_id)
    assert (after.state, after.token, after.sends, after.plan) == ("unknown", 2, 0, before.plan)


def test_what_is_about_to_be_sent_is_written_ahead(ledger: Ledger) -> None:
    intent_id = promise(ledger)
    intent = claimed(ledger, intent_id)
    with ledger.write() as tx:
        intents.write_ahead(tx, intent, {"amount": "25.00"})
    kept = now_stands(ledger, intent_id)
    assert (kept.plan, kept.sends, kept.absences) == ({"amount": "25.00"}, 1, 0)
    assert kept.sent_at is not None
    assert kept.claimed_at is not None
    assert kept.sent_at >= kept.claimed_at
    assert journal(ledger, intent_id)[-1].evidence == {"amount": "25.00"}


def test_what_provably_never_left_does_not_count_as_a_sending(ledger: Ledger) -> None:
    intent_id = promise(ledger)
    intent = claimed(ledger, intent_id)
    with ledger.write() as tx:
        intents.write_ahead(tx, intent, {})
    with ledger.write() as tx:
        intents.settle(tx, intent, "decided", reason="waiting_to_retry", unsent=True)
    assert (now_stands(ledger, intent_id).sends, now_stands(ledger, intent_id).attempts) == (0, 1)


@pytest.mark.parametrize("state", ["claimed", "unknown"])
def test_two_promises_of_a_group_are_never_in_flight_together(ledger: Ledger, state: str) -> None:
    first, second = promise(ledger, "R-1", group="O-1"), promise(ledger, "R-2", group="O-1")
    holder = claimed(ledger, first)
    if state == "unknown":
        settle(ledger, holder, "unknown", in_seconds=60)
    assert claim(ledger, second) is None
    assert now_stands(ledger, second).state == "decided"
    assert claim(ledger, promise(ledger, "R-3", group="O-2")) is not None


def test_of_a_group_that_is_claimed_at_once_one_is_in_flight(ledger: Ledger) -> None:
    group = [promise(ledger, f"R-{number}", group="O-1") for number in range(6)]
    claims = at_once(6, lambda number: claim(ledger, group[number]))
    assert len([intent for intent in claims if intent is not None]) == 1


@pytest.mark.parametrize("state", ["confirmed", "held", "decided"])
def test_whoever_waited_for_the_group_is_rung_for(ledger: Ledger, rings: list[Ring], state: str) -> None:
    first, second, later = (promise(ledger, f"R-{number}", group="O-1") for number in range(3))
    holder = claimed(ledger, first)
    rings.clear()
    settle(ledger, holder, state, in_seconds=5)
    assert [ring.intent_id for ring in rings if ring.intent_id != first] == [second]
    assert claim(ledger, later) is not None


def test_an_unknown_outcome_lets_nobody_of_its_group_pass(ledger: Ledger, rings: list[Ring]) -> None:
    first, _second = promise(ledger, "R-1", group="O-1"), promise(ledger, "R-2", group="O-1")
    holder = claimed(ledger, first)
    rings.clear()
    settle(ledger, holder, "unknown", in_seconds=5)
    [ring] = rings
    assert ring.intent_id == first
    assert ring.delay == pytest.approx(5, abs=1)


def test_what_is_due_late_is_a_date_in_the_ledger_and_no_bell(ledger: Ledger, rings: list[Ring]) -> None:
    intent = claimed(ledger, promise(ledger))
    rings.clear()
    settle(ledger, intent, "decided", in_seconds=BELL_HORIZON + 30)
    assert rings == []
