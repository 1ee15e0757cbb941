"""A transaction is all or nothing, rings only for what it committed, and never stands in another's way for ever."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from integration.ledger import intents
from integration.ledger.heartbeats import beat, heartbeats
from integration.ledger.marks import move_watermark, watermark
from integration.ledger.orders import orders
from integration.ledger.store import Ledger, Ring, silent_bell
from tests.unit.ledger.conftest import at_once
from tests.unit.ledger.promises import claim, promise, settle

TURNS = 5


class Interrupted(Exception):
    """What takes a transaction back."""


def test_a_transaction_that_fails_leaves_nothing_and_rings_for_nothing(ledger: Ledger, rings: list[Ring]) -> None:
    told: list[str] = []

    def fail_half_way() -> None:
        with ledger.write() as tx:
            intents.decide(tx, "push_refund", "R-1")
            tx.after_commit.append(lambda: told.append("committed"))
            raise Interrupted

    with pytest.raises(Interrupted):
        fail_half_way()
    with ledger.read() as tx:
        assert intents.find(tx, "push_refund", "R-1") is None
    assert (rings, told) == ([], [])


def test_the_bell_and_whatever_is_to_be_told_come_after_the_commit(ledger: Ledger) -> None:
    seen: list[str] = []

    def look(rings: Sequence[Ring]) -> None:
        with ledger.read() as tx:
            # The intent was decided in the line above.
            seen.extend(f"rung for {intents.get(tx, ring.intent_id).state}" for ring in rings)  # type: ignore[union-attr]

    ringing = Ledger(ledger.engine, shop="default", who="test", bell=look)
    with ringing.write() as tx:
        intents.decide(tx, "push_refund", "R-1")
        tx.after_commit.append(lambda: seen.append("told"))
        assert seen == []
    assert seen == ["told", "rung for decided"]


def test_a_bell_that_fails_takes_no_promise_back(ledger: Ledger) -> None:
    def broken(_rings: Sequence[Ring]) -> None:
        raise ConnectionError

    deaf = Ledger(ledger.engine, shop="default", who="test", bell=broken)
    with pytest.raises(ConnectionError), deaf.write() as tx:
        intents.decide(tx, "push_refund", "R-1")
    with ledger.read() as tx:
        assert intents.find(tx, "push_refund", "R-1") is not None


def test_a_process_without_a_broker_leaves_the_ringing_to_the_sweeper(ledger: Ledger) -> None:
    silent = Ledger(ledger.engine, shop="default", who="cli", bell=silent_bell)
    promise(silent)
    with ledger.write() as tx:
        assert intents.ring_due(tx, rering_after=-1) == 1


def test_readers_are_not_held_up_by_a_writer(ledger: Ledger) -> None:
    with ledger.write() as writing:
        intents.decide(writing, "push_refund", "R-1")
        with ledger.read() as reading:
            assert intents.find(reading, "push_refund", "R-1") is None


def test_threads_that_read_and_write_at_once_all_get_on(ledger: Ledger) -> None:
    shared = [promise(ledger, f"R-{number}", group="O-1") for number in range(4)]

    def work(number: int) -> int:
        kept = 0
        for turn in range(TURNS):
            with ledger.read() as tx:
                orders(tx)
            promise(ledger, f"own-{number}-{turn}", group=f"own-{number}")
            intent = claim(ledger, shared[(number + turn) % len(shared)])
            if intent is not None:
                settle(ledger, intent, "decided")
                kept += 1
            with ledger.write() as tx:
                tx.lock("stock")
                beat(tx, "refund")
                intents.ring_due(tx, rering_after=-1)
            with ledger.write() as tx:
                move_watermark(tx, f"poll-{number}", tx.now)
        return kept

    with ledger.write() as tx:
        beat(tx, "refund")  # there is one row to fight for
    assert sum(at_once(6, work)) > 0
    with ledger.read() as tx:
        assert [beat.queue for beat in heartbeats(tx)] == ["refund"]
        assert all(watermark(tx, f"poll-{number}") for number in range(6))
