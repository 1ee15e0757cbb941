"""What a person can do about a case of the review inbox: the commands that it allows, the likeliest first."""

from __future__ import annotations

from typing import NamedTuple

from integration.domain.reconciliation import EXCEPTIONS
from integration.ledger.tables import ReviewRow

ABOUT_A_DONE_REFUND = frozenset({*EXCEPTIONS, "refund_changed_on_mirakl"})
"""The refund itself is settled: what Mirakl says of it afterwards is not. Nothing of it can be sent or replayed."""

ENDED = frozenset(
    {
        "acceptance_missed",
        "already_on_sale",
        "duplicate_return_line",
        "exchange",
        "nothing_to_refund",
        "order_canceled",
        "order_closed",
        "order_line_closed",
        "order_refused",
        "return_ended_early",
        "reveni_paid_too",
    }
)
"""Nothing is left for Backhaul to do: whatever is to be done, people do it."""

ONLY_BY_HAND = frozenset({"received_skus_differ"})
"""Units that people put on sale themselves, or leave off."""

READING_TELLS_NO_MORE = frozenset({"ambiguous_refund", "answer_differs", "refunded_elsewhere"})
"""Only a person can say which refund it is, or that it is another."""

MAY_BE_DONE = frozenset(
    {"exceeds_remaining", "stock_of_unknown_past", "units_refunded_already", "unknown_outcome", "stock_master_unclear"}
)
"""The other side may have done it, or somebody else there."""


class Step(NamedTuple):
    """A command, and when it is the right one."""

    command: str
    when: str


def next_steps(review: ReviewRow) -> list[Step]:
    """None for a case that is resolved."""
    if review.state != "open":
        return []
    resolve = f"backhaul review resolve {review.id}"
    replay = Step(f"backhaul replay {review.kind} {review.subject} --apply", "its cause is mended")
    done = Step(f"{resolve} --done{_named(review)} --note WHY", "it is done on the other side")
    again = Step(f"{resolve} --send-again --note WHY", "it is certainly not there")
    dismiss = Step(f"{resolve} --dismiss --note WHY", "nothing is to be done, or it is settled")
    if review.kind == "refund" and review.reason in ABOUT_A_DONE_REFUND:
        return [dismiss]
    if review.reason == "refund_above_limit":
        return [Step(f"{resolve} --approve", "so much may be paid"), dismiss]
    if review.reason in READING_TELLS_NO_MORE:
        return [done, again, dismiss]
    if review.reason in ONLY_BY_HAND:
        return [done, dismiss]
    if review.reason in MAY_BE_DONE:
        return [done, replay, again, dismiss]
    if review.reason in ENDED:
        return [dismiss]
    return [replay, dismiss]


def _named(review: ReviewRow) -> str:
    return " --refund-id MIRAKL_ID" if review.kind == "refund" else ""
