"""Reveni pays what Mirakl has refunded before: nothing can be taken back, and a person is told."""

from __future__ import annotations

import pytest

from integration.domain.orders import Order
from integration.ledger.returns import get_return
from integration.ledger.reviews import resolve, reviews
from integration.usecases.ports import Ports
from integration.usecases.push_refund import PushRefund
from integration.usecases.refund_case import Case
from integration.usecases.resolve_review import resolve_review
from integration.usecases.store_verdict import store_verdict
from tests.unit.usecases.lane import Lane, Parcel

PAID_BY_REVENI = {"id": "rf-1", "amount": "25.00", "currency": "GBP", "method": "card", "status": "paid"}


def made(lane: Lane, parcel: Parcel) -> str:
    """The id of the one refund in the sandbox's own books."""
    (refund,) = lane.sandbox.books()["refunds"][parcel.order_line_id]
    refund_id: str = refund["refund_id"]
    return refund_id


def test_what_reveni_pays_after_mirakl_has_refunded_it_is_told_once(lane: Lane) -> None:
    parcels = [lane.send_back() for _ in range(3)]
    lane.arrive(*parcels)
    for parcel in parcels:
        lane.judge(parcel, accepted=1)
    lane.until(lambda: [one.state in ("confirmed", "refunded") for one in lane.refunds()] == [True] * len(parcels))
    paid, instant, _ = parcels
    lane.sandbox.set_reveni_return(paid.return_id, refunds=[PAID_BY_REVENI])
    lane.sandbox.set_reveni_return(instant.return_id, mode="instant")

    def told() -> list[tuple[str, str]]:
        with lane.fleet.ports.ledger.read() as tx:
            return sorted((one.subject, one.detail) for one in reviews(tx) if one.reason == "reveni_paid_too")

    for parcel in parcels:
        lane.tell(parcel)
    lane.until(lambda: len(told()) == 2)
    for (subject, detail), parcel in zip(told(), sorted([paid, instant], key=lambda one: one.return_id), strict=True):
        assert subject == parcel.return_id
        assert f"has refunded {made(lane, parcel)} already" in detail
    with lane.fleet.ports.ledger.write() as tx:
        assert resolve(tx, kind="return", subject=paid.return_id, resolution="dismiss") == 1
    lane.sandbox.set_reveni_return(paid.return_id, refunds=[PAID_BY_REVENI])  # newer, and nothing new
    lane.tell(paid)
    lane.turn()
    assert [subject for subject, _ in told()] == [instant.return_id]


def test_a_refund_that_nobody_knows_the_outcome_of_may_be_paid_twice_too(lane: Lane) -> None:
    lane.arrive(parcel := lane.send_back())
    lane.sandbox.add_fault("OR28", "lost_before")
    lane.judge(parcel, accepted=1)
    lane.until(lambda: ("refund", "unknown_outcome") in lane.inbox())
    assert ("return", "reveni_paid_too") not in lane.inbox()
    lane.sandbox.set_reveni_return(parcel.return_id, refunds=[PAID_BY_REVENI])
    lane.tell(parcel)
    lane.until(lambda: ("return", "reveni_paid_too") in lane.inbox())


def test_what_was_never_sent_is_not_paid_twice(lane: Lane) -> None:
    lane.arrive(parcel := lane.send_back())
    lane.sandbox.set_reveni_return(parcel.return_id, refunds=[PAID_BY_REVENI])
    lane.judge(parcel, accepted=1)
    lane.until(lambda: ("refund", "reveni_pays_too") in lane.inbox())
    lane.turn()
    assert ("return", "reveni_paid_too") not in lane.inbox()


def told_ever(lane: Lane) -> list[tuple[str, str | None]]:
    """State and resolution of each case of two payers."""
    with lane.fleet.ports.ledger.read() as tx:
        return [(one.state, one.resolution) for one in reviews(tx, state=None) if one.reason == "reveni_paid_too"]


def detail(lane: Lane) -> str:
    with lane.fleet.ports.ledger.read() as tx:
        return "".join(one.detail for one in reviews(tx) if one.reason == "reveni_paid_too")


def test_a_verdict_between_reading_and_sending_holds_the_refund_and_is_no_alarm(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M14: a refund that is only claimed was not sent; and what comes in before it is sent still stops it."""
    lane.arrive(parcel := lane.send_back())
    fresh_order = PushRefund._fresh_order

    def meanwhile(self: PushRefund, ports: Ports, case: Case) -> Order:
        order = fresh_order(self, ports, case)
        lane.sandbox.set_reveni_return(parcel.return_id, refunds=[PAID_BY_REVENI])
        twin = ports.reveni.return_(lane.reveni_id(parcel) or "")
        with ports.ledger.write() as tx:
            store_verdict(ports, tx, twin)
        return order

    monkeypatch.setattr(PushRefund, "_fresh_order", meanwhile)
    lane.judge(parcel, accepted=1)
    lane.until(lambda: ("refund", "reveni_pays_too") in lane.inbox())
    assert (lane.sandbox.books()["calls"].get("OR28", 0), told_ever(lane)) == (0, [])


def test_a_case_of_two_payers_closes_when_mirakl_turns_out_not_to_have_paid(lane: Lane) -> None:
    """M14: it is told while the outcome is not known, without a word of a refund that Mirakl has made."""
    lane.arrive(parcel := lane.send_back())
    lane.sandbox.add_fault("OR28", "lost_before", times=1)
    lane.judge(parcel, accepted=1)
    lane.work_until("push_refund", "unknown: outcome_unknown")
    lane.sandbox.set_reveni_return(parcel.return_id, refunds=[PAID_BY_REVENI])
    lane.tell(parcel)
    lane.until(lambda: ("return", "reveni_paid_too") in lane.inbox())
    assert "was sent to Mirakl, and its outcome is not known yet" in detail(lane)
    lane.until(lambda: ("refund", "reveni_pays_too") in lane.inbox())
    assert told_ever(lane) == [("resolved", "Mirakl has made none of its refunds: nothing was paid twice")]
    assert lane.sandbox.books()["refunds"].get(parcel.order_line_id, []) == []


def test_a_case_of_two_payers_says_so_when_mirakl_turns_out_to_have_paid(lane: Lane) -> None:
    """M14: the one case is about what is known by now, and closes when Reveni takes back what it said."""
    lane.arrive(parcel := lane.send_back())
    lane.sandbox.add_fault("OR28", "lost_after", times=1)
    lane.judge(parcel, accepted=1)
    lane.work_until("push_refund", "unknown: outcome_unknown")
    lane.sandbox.set_reveni_return(parcel.return_id, refunds=[PAID_BY_REVENI])
    lane.tell(parcel)
    lane.until(lambda: "has refunded" in detail(lane))
    assert f"has refunded {made(lane, parcel)} already" in detail(lane)
    lane.sandbox.set_reveni_return(parcel.return_id, refunds=[])
    lane.tell(parcel)
    lane.until(lambda: ("return", "reveni_paid_too") not in lane.inbox())
    assert told_ever(lane) == [("resolved", "Reveni does not pay it any more: nothing was paid twice")]


def say_that_mirakl_pays(lane: Lane) -> str:
    with lane.fleet.ports.ledger.read() as tx:
        (review,) = [one.id for one in reviews(tx) if one.reason == "reveni_pays_too"]
    return resolve_review(lane.fleet.ports, review, "send_again", note="Reveni's payment failed")


def test_a_person_says_that_mirakl_is_to_pay_and_it_does(lane: Lane) -> None:
    """M13: it is sent, once and for what Reveni had said: something new is another case, and no alarm follows."""
    lane.arrive(*(parcels := [lane.send_back(), lane.send_back()]))
    told, news = parcels
    for parcel in parcels:
        lane.sandbox.set_reveni_return(parcel.return_id, refunds=[PAID_BY_REVENI])
    lane.judge(told, accepted=1)
    lane.until(lambda: ("refund", "reveni_pays_too") in lane.inbox())
    assert "it is worked out anew and sent within a minute" in say_that_mirakl_pays(lane)
    lane.until(lambda: lane.refunds(told)[0].state in ("confirmed", "refunded"))
    assert made(lane, told) == lane.refunds(told)[0].row.mirakl_refund_id
    lane.tell(told)
    lane.turn()
    assert told_ever(lane) == []

    lane.judge(news, accepted=1)
    lane.until(lambda: ("refund", "reveni_pays_too") in lane.inbox())
    lane.sandbox.set_reveni_return(news.return_id, refunds=[PAID_BY_REVENI, {**PAID_BY_REVENI, "id": "rf-2"}])
    lane.tell(news)
    lane.until(lambda: len(get_facts(lane, news)) == 2)
    say_that_mirakl_pays(lane)  # about the one payment that was shown
    lane.until(lambda: ("refund", "reveni_pays_too") in lane.inbox())
    assert news.order_line_id not in lane.sandbox.books()["refunds"]
    say_that_mirakl_pays(lane)
    lane.until(lambda: lane.refunds(news)[0].state in ("confirmed", "refunded"))


def get_facts(lane: Lane, parcel: Parcel) -> list[object]:
    with lane.fleet.ports.ledger.read() as tx:
        row = get_return(tx, parcel.return_id)
    assert row is not None
    return row.reveni_refunds
