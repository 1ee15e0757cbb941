"""A person says that a refund is to be sent again: what they were shown is not it, and what lands afterwards may be."""

from __future__ import annotations

from decimal import Decimal

from integration.ledger.refunds import Refund
from integration.ledger.reviews import reviews
from integration.sandbox import SandboxClient
from integration.usecases.resolve_review import resolve_review
from tests.unit.usecases.lane import Lane, Parcel

UNITS = 3


def made(lane: Lane, parcel: Parcel) -> list[tuple[str, Decimal]]:
    return [(one["refund_id"], one["amount"]) for one in lane.sandbox.books()["refunds"].get(parcel.order_line_id, [])]


def ours(lane: Lane) -> Refund:
    (refund,) = [one for one in lane.refunds() if one.intent is not None]
    return refund


def until_held(lane: Lane, reason: str) -> None:
    lane.until(lambda: ("refund", reason) in lane.inbox())


def send_again(lane: Lane) -> None:
    with lane.fleet.ports.ledger.read() as tx:
        (review,) = [one for one in reviews(tx) if one.kind == "refund"]
    resolve_review(lane.fleet.ports, review.id, "send_again", note="it is not there")


def accepted_in_vain(lane: Lane, sandbox: SandboxClient) -> Parcel:
    """A unit is accepted, and no call about it gets through."""
    lane.arrive(parcel := lane.send_back(1, quantity=UNITS))
    sandbox.add_fault("OR28", "lost_before")
    lane.judge(parcel, accepted=1)
    return parcel


def test_what_lands_after_a_person_looked_is_found_and_not_paid_again(lane: Lane, sandbox: SandboxClient) -> None:
    parcel = accepted_in_vain(lane, sandbox)
    until_held(lane, "unknown_outcome")
    sandbox.clear_faults()
    landed = sandbox.refund_externally(parcel.order_line_id, amount="25.00")
    send_again(lane)
    lane.until(lambda: ours(lane).row.mirakl_refund_id is not None)
    assert made(lane, parcel) == [(landed, Decimal("25.00"))]
    assert (ours(lane).row.mirakl_refund_id, sandbox.books()["calls"]["OR28"]) == (landed, 2)


def test_what_a_person_was_shown_and_says_is_another_is_not_taken_for_ours(lane: Lane, sandbox: SandboxClient) -> None:
    parcel = accepted_in_vain(lane, sandbox)
    lane.work_until("push_refund", "unknown: outcome_unknown")
    others = [sandbox.refund_externally(parcel.order_line_id, amount="25.00") for _ in range(2)]
    until_held(lane, "ambiguous_refund")
    sandbox.clear_faults()
    send_again(lane)
    lane.until(lambda: ours(lane).row.mirakl_refund_id is not None)
    *before, last = made(lane, parcel)
    assert [refund_id for refund_id, _ in before] == others
    assert ours(lane).row.mirakl_refund_id == last[0]


def test_what_a_person_was_shown_in_a_wrong_answer_is_not_taken_for_ours(lane: Lane, sandbox: SandboxClient) -> None:
    lane.arrive(parcel := lane.send_back(1, quantity=UNITS))
    sandbox.add_fault("OR28", "wrong_answer", times=1)
    lane.judge(parcel, accepted=1)
    until_held(lane, "answer_differs")
    send_again(lane)
    lane.until(lambda: ours(lane).row.mirakl_refund_id is not None)
    first, second = made(lane, parcel)
    assert (ours(lane).row.mirakl_refund_id, first[0] != second[0]) == (second[0], True)


def test_what_was_never_sent_is_sent_when_a_person_says_so(lane: Lane, sandbox: SandboxClient) -> None:
    lane.arrive(parcel := lane.send_back())
    sandbox.set_reveni_return(parcel.return_id, mode="instant")
    lane.judge(parcel, accepted=1)
    until_held(lane, "reveni_pays_too")
    sandbox.set_reveni_return(parcel.return_id, mode="not_instant")
    lane.tell(parcel)
    lane.work_until("read_verdict", "confirmed")
    lane.turn()
    send_again(lane)
    lane.until(lambda: ours(lane).row.mirakl_refund_id is not None)
    assert len(made(lane, parcel)) == 1
