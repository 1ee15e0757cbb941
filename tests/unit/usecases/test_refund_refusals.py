"""A refund that Mirakl refuses, for now or for good, on its first sending or on its second."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from integration.ledger import intents
from integration.ledger.journal import journal_of
from integration.ledger.tables import AlertRow, Intent
from integration.sandbox import SandboxClient
from integration.usecases.watch_balance import watch_balance
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane, Parcel

IN_PROGRESS = "Refund already in progress"
UNKNOWN = "unknown: outcome_unknown"


@pytest.fixture
def lane(start_fleet: StartFleet, sandbox: SandboxClient) -> Lane:
    sandbox.seed_offers({"SKU-1": 5})
    return Lane(start_fleet(), sandbox)


def made(lane: Lane, parcel: Parcel) -> list[Decimal]:
    return [one["amount"] for one in lane.sandbox.books()["refunds"].get(parcel.order_line_id, [])]


def ours(lane: Lane) -> Intent:
    (intent,) = [one.intent for one in lane.refunds() if one.intent is not None]
    return intent


def states(lane: Lane) -> list[str]:
    return [one.state for one in lane.refunds() if one.intent is not None]


def reasons(lane: Lane) -> list[str | None]:
    """Why the one refund was where it was, over its whole journal."""
    with lane.fleet.ports.ledger.read() as tx:
        return [entry.reason for one in lane.refunds() if one.intent for entry in journal_of(tx, one.intent.id)]


def refuse(lane: Lane, message: str, **fault: int) -> Parcel:
    """A parcel of one unit of two is accepted, and its refund refused with these words."""
    parcel = lane.send_back(1, quantity=2)
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR28", "status_before", status=400, body={"message": message}, **fault)
    lane.judge(parcel, accepted=1)
    return parcel


def test_a_refund_that_is_refused_for_one_in_progress_waits_reads_and_is_sent(lane: Lane) -> None:
    parcel = refuse(lane, IN_PROGRESS, times=1)
    lane.until(lambda: made(lane, parcel) == [Decimal("25.00")])
    assert "refund_in_progress" in reasons(lane)
    assert lane.inbox() == set()


@pytest.mark.crash_matrix(25)
def test_what_others_refunded_between_our_read_and_our_call_is_found_by_reading(lane: Lane) -> None:
    """M1: it may be for this very unit, so a person says."""
    parcel = refuse(lane, "The amount to refund is larger than what is left on the order line")
    lane.until(lambda: "refunded_meanwhile" in reasons(lane))
    external = lane.sandbox.refund_externally(parcel.order_line_id, amount="50.00", quantity=2)
    lane.until(lambda: ("refund", "refunded_elsewhere") in lane.inbox())
    assert [one.row.mirakl_refund_id for one in lane.refunds() if one.state == "external"] == [external]


def test_a_refund_in_progress_that_never_ends_is_shown_to_a_person(lane: Lane) -> None:
    refuse(lane, IN_PROGRESS)
    lane.until(lambda: "refund_in_progress" in reasons(lane))
    with lane.fleet.ports.ledger.write() as tx:
        tx.session.execute(update(Intent).where(Intent.id == ours(lane).id).values(attempts=30))
    lane.until(lambda: ("refund", "refund_rejected") in lane.inbox())
    assert "Refund already in progress" in (ours(lane).detail or "")


def test_a_second_sending_that_the_balance_does_not_bear_waits_for_it_like_a_first(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR28", "lost_before", times=1)
    lane.judge(parcel, accepted=1)
    lane.work_until("push_refund", UNKNOWN)
    lane.sandbox.set_balance(payable="0", pending="0")
    lane.until(lambda: reasons(lane).count("insufficient_balance") > 1)
    assert (made(lane, parcel), lane.inbox()) == ([], set())
    lane.sandbox.set_balance(payable="1000")
    lane.until(lambda: states(lane) in (["confirmed"], ["refunded"]))
    assert made(lane, parcel) == [Decimal("25.00")]


def test_a_second_sending_that_is_refused_for_good_is_held_with_mirakls_words(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR28", "lost_before", times=1)
    lane.sandbox.add_fault("OR28", "status_before", status=400, body={"message": "Refunds rest on Sundays"})
    lane.judge(parcel, accepted=1)
    lane.until(lambda: ("refund", "refund_rejected") in lane.inbox())
    assert (ours(lane).detail, made(lane, parcel)) == ("Mirakl refused: Refunds rest on Sundays", [])


@pytest.mark.crash_matrix(16)
def test_a_429_that_was_an_effect_after_all_is_found_before_anything_is_sent_again(lane: Lane) -> None:
    parcel = lane.send_back(1, quantity=2)
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR28", "status_after", status=429, retry_after=1, times=1)
    lane.judge(parcel, accepted=1)
    lane.until(lambda: states(lane) in (["confirmed"], ["refunded"]))
    assert (made(lane, parcel), lane.sandbox.books()["calls"]["OR28"]) == ([Decimal("25.00")], 1)
    assert "too_many_calls" in reasons(lane)
    assert [one.state for one in lane.refunds()] == states(lane)


def test_a_429_is_forgotten_once_a_later_sending_was_refused(lane: Lane) -> None:
    """M1: what comes up after that is not taken for ours, and a person says whose it is."""
    lane.sandbox.add_fault("OR28", "status_before", status=429, retry_after=0, times=1)
    parcel = refuse(lane, IN_PROGRESS)
    lane.until(lambda: "refund_in_progress" in reasons(lane))
    assert "too_many_calls" in reasons(lane)
    lane.sandbox.refund_externally(parcel.order_line_id, amount="25.00", quantity=1)
    lane.sandbox.clear_faults()
    lane.until(lambda: ("refund", "refunded_elsewhere") in lane.inbox())
    assert len(made(lane, parcel)) == 1


def test_both_candidates_of_an_ambiguous_refund_are_shown(lane: Lane) -> None:
    parcel = lane.send_back(1, quantity=3)
    lane.arrive(parcel)
    lane.sandbox.add_fault("OR28", "lost_after", times=1)
    lane.judge(parcel, accepted=1)
    lane.work_until("push_refund", UNKNOWN)
    external = lane.sandbox.refund_externally(parcel.order_line_id, amount="25.00", quantity=1)
    lane.until(lambda: ("refund", "ambiguous_refund") in lane.inbox())
    detail = ours(lane).detail or ""
    assert f"refund {external}: 25.00 and shipping 0.00 for 1 units, reason 17" in detail
    assert detail.count("25.00 and shipping 0.00 for 1 units, reason 17") == 2


def alerts(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if vars(one).get("alert") == "insufficient_balance"]


def a_waiting_refund(lane: Lane, subject: str, amount: str, currency: str, *, reason: str) -> None:
    asked: dict[str, Any] = {"amount": amount, "shipping_amount": "2.50", "currency": currency}
    with lane.fleet.ports.ledger.write() as tx:
        intent, _ = intents.decide(tx, "push_refund", subject, plan={"calculation": {"asked": asked}})
        intent.reason = reason


def test_what_waits_for_the_balance_is_told_once_a_day_with_its_totals(
    lane: Lane, caplog: pytest.LogCaptureFixture
) -> None:
    ports = lane.fleet.ports
    assert (watch_balance(ports), alerts(caplog)) == ("nothing waits for the balance", [])
    for number, (amount, currency) in enumerate([("25.00", "GBP"), ("10.00", "GBP"), ("7.00", "EUR")]):
        a_waiting_refund(lane, f"R-{number}/L/1", amount, currency, reason="insufficient_balance")
    a_waiting_refund(lane, "R-9/L/1", "99.00", "GBP", reason="order_not_debited")
    with caplog.at_level(logging.ERROR):
        assert [watch_balance(ports) for _ in range(3)] == ["9.50 EUR, 40.00 GBP"] * 3
    assert alerts(caplog) == ["refunds of 9.50 EUR, 40.00 GBP wait for a sufficient balance on Mirakl (OR28)"]
    with ports.ledger.write() as tx:
        tx.session.execute(update(AlertRow).values(given_at=tx.now.replace(year=2020)))
    watch_balance(ports)
    assert len(alerts(caplog)) == 2
