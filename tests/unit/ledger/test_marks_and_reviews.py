"""Watermarks, alerts, reference tables, and the review inbox."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from integration.ledger.heartbeats import beat, workers
from integration.ledger.marks import (
    alert_once,
    keep_reference,
    kept_reference,
    move_watermark,
    watermark,
)
from integration.ledger.reviews import close_review, get_review, open_review, resolve, reviews
from integration.ledger.settled_refunds import note_sighting
from integration.ledger.store import Ledger
from integration.ledger.tables import RefundRow, ReviewRow
from tests.unit.ledger.conftest import at_once


def held(ledger: Ledger, subject: str = "R-1", *, reason: str = "exchange", detail: str = "Look.") -> ReviewRow:
    with ledger.write() as tx:
        return open_review(tx, kind="return", subject=subject, reason=reason, detail=detail)


def inbox(ledger: Ledger) -> list[tuple[str, str]]:
    with ledger.read() as tx:
        return [(review.subject, review.reason) for review in reviews(tx)]


def test_a_watermark_moves_forward_only(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert watermark(tx, "RT11") is None
        now = tx.now
        for at in (now, now - timedelta(hours=1), now + timedelta(seconds=1), now):
            move_watermark(tx, "RT11", at)
            tx.session.flush()
    with ledger.read() as tx:
        assert watermark(tx, "RT11") == now + timedelta(seconds=1)
        assert watermark(tx, "W2") is None


def test_an_alert_is_given_once_for_each_subject(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert [alert_once(tx, "missed", subject) for subject in ("O-1", "O-1", "O-2")] == [True, False, True]
    with ledger.write() as tx:
        assert not alert_once(tx, "missed", "O-1")


def test_a_reference_table_is_kept_for_so_long_and_no_longer(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert kept_reference(tx, "RE01", younger_than=60) is None
        keep_reference(tx, "RE01", {"17": ["REFUND", True]})
        tx.session.flush()
    with ledger.read() as tx:
        assert kept_reference(tx, "RE01", younger_than=60) == {"17": ["REFUND", True]}
        assert kept_reference(tx, "RE01", younger_than=-1) is None


def test_a_table_that_many_read_at_once_is_kept_once(ledger: Ledger) -> None:
    def keep(number: int) -> None:
        with ledger.write() as tx:
            keep_reference(tx, "RE01", {"reader": [number]})

    at_once(6, keep)
    with ledger.read() as tx:
        assert kept_reference(tx, "RE01", younger_than=60) is not None


def test_whatever_two_fleets_write_at_once_for_the_first_time_is_there_once(ledger: Ledger) -> None:
    """H6: two fleets on a fresh database: no heartbeat, mark, alert or case fails since another wrote it, too."""

    def write(number: int) -> bool:
        with ledger.write() as tx:
            new = alert_once(tx, "missed", "O-1")
            beat(tx, "refund")
            move_watermark(tx, "RT11", tx.now)
            keep_reference(tx, "RE01", {"reader": [number]})
            note_sighting(tx, refund_id, on_mirakl=True)
            open_review(tx, kind="order", subject="O-1", reason="exchange", detail=str(number))
        return new

    with ledger.write() as tx:
        refund_id = uuid.uuid4()
        tx.session.add(
            RefundRow(id=refund_id, shop=tx.shop, order_id="O", order_line_id="O-1", looks=0, created_at=tx.now)
        )
    assert len({review.id for review in at_once(6, lambda _: held(ledger, "O-1"))}) == 1
    assert sorted(at_once(6, write)) == [False] * 5 + [True]
    with ledger.read() as tx:
        assert [one.queue for one in workers(tx)] == ["refund"]
        assert len(reviews(tx)) == 2
        assert watermark(tx, "RT11") is not None


def test_a_case_is_in_the_inbox_once_while_it_is_open(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    first = held(ledger, detail="Look at it.")
    again = held(ledger, detail="Look at it, today.")
    assert again.id == first.id
    with ledger.read() as tx:
        [review] = reviews(tx)
    assert review.detail == "Look at it, today."
    [alert] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert alert.__dict__["alert"] == "held"


def test_the_database_itself_keeps_an_open_case_from_being_there_twice(ledger: Ledger) -> None:
    first = held(ledger)
    twice = {"kind": "return", "subject": "R-1", "reason": first.reason, "detail": ""}
    with ledger.write() as tx, pytest.raises(IntegrityError):
        tx.session.execute(insert(ReviewRow).values(shop=tx.shop, opened_at=tx.now, **twice))


def test_a_case_that_comes_back_after_it_was_resolved_is_a_new_one(ledger: Ledger) -> None:
    first = held(ledger)
    with ledger.write() as tx:
        assert resolve(tx, kind="return", subject="R-1", resolution="replayed") == 1
        assert resolve(tx, kind="return", subject="R-1", resolution="replayed") == 0
    assert inbox(ledger) == []
    assert held(ledger).id != first.id
    with ledger.read() as tx:
        assert [review.state for review in reviews(tx, state=None)] == ["resolved", "open"]
        assert get_review(tx, first.id) is not None


def test_resolving_a_case_resolves_no_other(ledger: Ledger) -> None:
    for subject, reason in (("R-1", "exchange"), ("R-1", "quantities_shrank"), ("R-2", "exchange")):
        held(ledger, subject, reason=reason)
    with ledger.write() as tx:
        [one] = [review for review in reviews(tx) if review.reason == "quantities_shrank"]
        close_review(tx, one, resolution="done: seen")
    assert sorted(inbox(ledger)) == [("R-1", "exchange"), ("R-2", "exchange")]
    with ledger.write() as tx:
        assert resolve(tx, kind="return", subject="R-1", resolution="done") == 1
    assert inbox(ledger) == [("R-2", "exchange")]
