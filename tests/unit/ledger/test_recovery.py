"""Claims that expire, bells that get lost, cases that people take up: the ledger says how each goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, update

from integration.ledger import intents
from integration.ledger.intents import FenceLost, GroupInFlight
from integration.ledger.store import Ledger, Ring
from integration.ledger.tables import Intent
from tests.unit.ledger.promises import claim, claimed, expire, journal, now_stands, promise, settle

LONG_AGO = timedelta(hours=1)


def rung_long_ago(ledger: Ledger) -> None:
    with ledger.write() as tx:
        tx.session.execute(update(Intent).values(rung_at=tx.now - LONG_AGO, due_at=tx.now - 2 * LONG_AGO))


def ring_due(ledger: Ledger, **limits: int) -> int:
    with ledger.write() as tx:
        return intents.ring_due(tx, rering_after=30, **limits)


def test_a_claim_that_expired_is_unknown_and_never_decided(ledger: Ledger) -> None:
    intent_id = promise(ledger)
    claimed(ledger, intent_id, lease=-1)
    assert expire(ledger, settling=60) == 1
    kept = now_stands(ledger, intent_id)
    assert (kept.state, kept.reason, kept.lease_until) == ("unknown", "claim_expired", None)
    assert claim(ledger, intent_id) is None  # until it has settled


def test_a_claim_that_only_read_is_simply_taken_again(ledger: Ledger) -> None:
    intent_id = promise(ledger, kind="read_verdict")
    claimed(ledger, intent_id, lease=-1)
    assert expire(ledger, reads_only=("read_verdict",)) == 1
    assert now_stands(ledger, intent_id).state == "decided"
    assert claim(ledger, intent_id) is not None


def test_a_claim_that_is_still_good_is_left_alone(ledger: Ledger) -> None:
    intent_id = promise(ledger)
    claimed(ledger, intent_id, lease=60)
    assert expire(ledger) == 0
    assert now_stands(ledger, intent_id).state == "claimed"


def test_whoever_wakes_up_after_the_claim_expired_has_lost_the_fence(ledger: Ledger) -> None:
    sleeper = claimed(ledger, promise(ledger), lease=-1)
    expire(ledger)
    with pytest.raises(FenceLost), ledger.write() as tx:
        intents.write_ahead(tx, sleeper, {})


def test_a_reader_who_died_is_followed_by_another_when_the_lease_is_over(ledger: Ledger) -> None:
    intent_id = promise(ledger)
    settle(ledger, claimed(ledger, intent_id), "unknown")
    claimed(ledger, intent_id, lease=-1)
    assert claimed(ledger, intent_id).token == 3


def test_a_lost_bell_is_rung_again(ledger: Ledger, rings: list[Ring]) -> None:
    intent_id = promise(ledger)
    assert ring_due(ledger) == 0  # it was rung for a moment ago
    rung_long_ago(ledger)
    rings.clear()
    assert ring_due(ledger) == 1
    assert [ring.intent_id for ring in rings] == [intent_id]
    assert ring_due(ledger) == 0


def test_what_became_due_since_it_was_rung_is_rung_at_once(ledger: Ledger) -> None:
    promise(ledger)
    with ledger.write() as tx:
        tx.session.execute(update(Intent).values(rung_at=tx.now - timedelta(seconds=2), due_at=tx.now))
    assert ring_due(ledger) == 1


@pytest.mark.parametrize("state", ["confirmed", "held", "dropped"])
def test_nobody_rings_for_what_is_settled(ledger: Ledger, state: str) -> None:
    settle(ledger, claimed(ledger, promise(ledger)), state)
    rung_long_ago(ledger)
    assert ring_due(ledger) == 0


def test_the_most_urgent_is_rung_first_when_not_all_can_be(ledger: Ledger, rings: list[Ring]) -> None:
    promise(ledger, "R-1")
    urgent = promise(ledger, "R-2")
    with ledger.write() as tx:
        intent = intents.find(tx, "push_refund", "R-2")
        assert intent is not None
        intents.make_urgent(tx, intent)
        intents.make_urgent(tx, intent)
    assert [ring.urgent for ring in rings] == [False, False, True]
    rung_long_ago(ledger)
    rings.clear()
    assert ring_due(ledger, limit=1) == 1
    assert [(ring.intent_id, ring.urgent) for ring in rings] == [(urgent, True)]


def test_the_sweeper_waits_for_nobody_who_is_at_work_on_a_promise(postgres_engine: Engine) -> None:
    # With SQLite writers queue for the whole file, and the question does not come up.
    ledger = Ledger(postgres_engine, shop="sweeping", who="test")
    busy, free = promise(ledger, "R-1"), promise(ledger, "R-2")
    rung_long_ago(ledger)
    with ledger.write() as at_work:
        at_work.session.get_one(Intent, busy, with_for_update=True)
        assert ring_due(ledger) == 1
    rung = {intent_id: now_stands(ledger, intent_id).rung_at for intent_id in (busy, free)}
    assert str(rung[busy]) < str(rung[free])


def test_a_person_has_a_held_promise_done_again(ledger: Ledger, rings: list[Ring]) -> None:
    intent_id = promise(ledger)
    held = claimed(ledger, intent_id)
    with ledger.write() as tx:
        intents.write_ahead(tx, held, {})
    settle(ledger, held, "held", reason="unknown_outcome")
    rings.clear()
    with ledger.write() as tx:
        intent = tx.session.get_one(Intent, intent_id)
        intents.reopen(tx, intent, reason="sent_again_by_hand", forget_sends=True, evidence={"note": "seen"})
    kept = now_stands(ledger, intent_id)
    assert (kept.state, kept.reason, kept.sends, kept.settled_at) == ("decided", None, 0, None)
    assert kept.token > held.token
    assert [ring.intent_id for ring in rings] == [intent_id]
    last = journal(ledger, intent_id)[-1]
    assert (last.from_state, last.to_state, last.reason, last.evidence) == (
        "held", "decided", "sent_again_by_hand", {"note": "seen"},
    )  # fmt: skip


def test_a_promise_cannot_become_unknown_while_its_group_is_in_flight(ledger: Ledger) -> None:
    first, second = promise(ledger, "R-1", group="O-1"), promise(ledger, "R-2", group="O-1")
    settle(ledger, claimed(ledger, first), "held")
    claimed(ledger, second)
    with pytest.raises(GroupInFlight, match="O-1"), ledger.write() as tx:
        intents.reopen(tx, tx.session.get_one(Intent, first), reason="replayed", state="unknown")
    assert now_stands(ledger, first).state == "held"
    with ledger.write() as tx:
        intents.reopen(tx, tx.session.get_one(Intent, first), reason="replayed")
    assert now_stands(ledger, first).state == "decided"


def test_a_person_settles_a_promise(ledger: Ledger) -> None:
    intent_id = promise(ledger)
    settle(ledger, claimed(ledger, intent_id), "held", reason="unknown_outcome")
    with ledger.write() as tx:
        intents.close(tx, tx.session.get_one(Intent, intent_id), "confirmed", reason="confirmed_by_hand")
    kept = now_stands(ledger, intent_id)
    assert (kept.state, kept.reason) == ("confirmed", "confirmed_by_hand")
    assert kept.settled_at is not None


def decided_again(ledger: Ledger, intent: Intent) -> None:
    settle(ledger, intent, "decided", reason="waiting_to_retry")


def unknown_then_found(ledger: Ledger, intent: Intent) -> None:
    with ledger.write() as tx:
        intents.write_ahead(tx, intent, {"amount": "25.00"})
    settle(ledger, intent, "unknown", reason="outcome_unknown")
    settle(ledger, claimed(ledger, intent.id), "confirmed")


def held_then_reopened(ledger: Ledger, intent: Intent) -> None:
    settle(ledger, intent, "held", reason="exceeds_remaining")
    with ledger.write() as tx:
        intents.reopen(tx, tx.session.get_one(Intent, intent.id), reason="replayed")


def expired(ledger: Ledger, intent: Intent) -> None:
    with ledger.write() as tx:
        tx.session.execute(update(Intent).values(lease_until=tx.now - LONG_AGO))
    expire(ledger)


@pytest.mark.parametrize("story", [decided_again, unknown_then_found, held_then_reopened, expired])
def test_the_journal_replayed_gives_todays_state(ledger: Ledger, story: Callable[[Ledger, Intent], None]) -> None:
    intent_id = promise(ledger)
    story(ledger, claimed(ledger, intent_id))
    entries = journal(ledger, intent_id)
    state = None
    for entry in entries:
        assert entry.from_state == state
        state = entry.to_state
    assert state == now_stands(ledger, intent_id).state
    assert {entry.who for entry in entries} == {"test"}
    assert [entry.token for entry in entries] == sorted(entry.token for entry in entries)
