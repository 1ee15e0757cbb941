"""Reveni pays what Mirakl has refunded before: nothing can be taken back, and a person is told."""

from __future__ import annotations

from integration.ledger.reviews import resolve, reviews
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
