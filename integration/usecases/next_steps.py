"""What a person can do about a case of the review inbox: the commands that it allows, the likeliest first.

What is offered here works, and `why_not` refuses every other verb with what to do instead: `resolve_review` asks it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from integration.domain.reconciliation import EXCEPTIONS
from integration.ledger.tables import ReviewRow
from integration.usecases.refund_preconditions import STANDS_STILL
from integration.usecases.two_payers import MIRAKL_PAYS

Verb = Literal["done", "send_again", "dismiss", "approve"]
"""It is done on the other side; it is not, so send it (again); it is not to be done at all; so much may be paid."""

ABOUT_A_DONE_REFUND = frozenset({*EXCEPTIONS, "refund_changed_on_mirakl"})
"""The refund itself is settled: what Mirakl says of it afterwards is not. Nothing of it can be sent or replayed."""

ABOVE_LIMIT = "refund_above_limit"

OF_THOSE_SHOWN = {
    "refunded_elsewhere": ("one of those shown is for these units", "all of those shown are for something else"),
}
"""When to say that it is done, and when to have it sent, where a person is shown what others have done."""

ENDED = frozenset(
    {
        "acceptance_missed",
        "already_on_sale",
        "duplicate_return_line",
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

READING_TELLS_NO_MORE = frozenset({"ambiguous_refund", "answer_differs", "refunded_elsewhere"})
"""Only a person can say which refund it is, or that it is none of those that were shown."""

NOT_KNOWN_TO_BE_THERE = {
    "refund": frozenset({*READING_TELLS_NO_MORE, "unknown_outcome"}),
    "return": frozenset({"unknown_outcome"}),
    "stock": frozenset(
        {
            "import_lines_missing",
            "import_not_over",
            "import_report_unreadable",
            "stock_level_unexplained",
            "stock_master_unclear",
            "stock_of_unknown_past",
            "stock_outcome_ambiguous",
            "unknown_outcome",
        }
    ),
}
"""The other side may have done it. Who has looked there may say that it did not, and have it sent again."""

SEND_AGAIN = {**NOT_KNOWN_TO_BE_THERE, "refund": NOT_KNOWN_TO_BE_THERE["refund"] | MIRAKL_PAYS | STANDS_STILL}
"""By kind of case: where a person's word, and nothing else, has it sent. Elsewhere it would only be held again."""

BY_HAND = frozenset({"exceeds_remaining", "exchange", "units_refunded_already"})
"""Refunds that people make on Mirakl, if anybody does."""

ONLY_BY_HAND = frozenset({"received_skus_differ"})
"""Units that people put on sale themselves, or leave off."""


READ_AGAIN_BY_ITSELF = frozenset({"unreadable_cycle", "unreadable_document", "unreadable_transaction"})
"""The case closes when the other side shows something else; there is nothing of ours to go on with."""


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
    is_there, is_not = OF_THOSE_SHOWN.get(review.reason, ("it is done on the other side", "it is certainly not there"))
    done = Step(f"{resolve} --done{_named(review)} --note WHY", is_there)
    again = Step(f"{resolve} --send-again --note WHY", is_not)
    dismiss = Step(f"{resolve} --dismiss --note WHY", "nothing is to be done, or it is settled")
    if review.kind == "refund" and review.reason in STANDS_STILL:
        though = again._replace(when="the shopper is to be refunded on Mirakl all the same")
        return [replay._replace(when="its return goes on"), done, though, dismiss]
    about_done = review.kind == "refund" and review.reason in ABOUT_A_DONE_REFUND
    if about_done or review.reason in ENDED | READ_AGAIN_BY_ITSELF:
        return [dismiss]
    if review.reason == ABOVE_LIMIT:
        so_much = f"its return may come to {review.evidence.get('total')} {review.evidence.get('currency')} in all"
        return [Step(f"{resolve} --approve", so_much), dismiss]
    if review.reason in MIRAKL_PAYS:
        pays = again._replace(when="Mirakl is to pay, whatever Reveni has said so far")
        return [pays, replay._replace(when="Reveni says otherwise by now"), done, dismiss]
    if review.reason in READING_TELLS_NO_MORE:
        return [done, again, dismiss]
    if review.reason in ONLY_BY_HAND:
        return [done, dismiss]
    if _may_be_sent_again(review):
        return [replay, again, dismiss] if review.kind == "return" else [done, replay, again, dismiss]
    if review.kind == "refund":
        return [done, replay, dismiss] if review.reason in BY_HAND else [replay, done, dismiss]
    return [replay, dismiss]


def why_not(review: ReviewRow, verb: Verb) -> str | None:
    """Why this word does not help this case, and what does; None where it does."""
    case = f"{review.kind} {review.subject}"
    about_done = review.kind == "refund" and review.reason in ABOUT_A_DONE_REFUND
    if verb == "approve" and (review.kind != "refund" or about_done):
        return f"Review {review.id} is about {review.kind} {review.reason}: there is nothing to approve."
    if verb == "approve" and review.reason != ABOVE_LIMIT:
        return f"Refund {review.subject} is held for {review.reason}: only {ABOVE_LIMIT} can be approved."
    if verb == "done" and review.kind == "return" and _may_be_sent_again(review):
        return f"Use `backhaul replay {case} --apply`: it finds the return in Reveni, and goes on with it."
    if verb != "send_again" or _may_be_sent_again(review):
        return None
    if about_done:
        return (
            f"Refund {review.subject} is not sent again for what Mirakl says of it afterwards: --dismiss closes this."
        )
    if review.reason == ABOVE_LIMIT:
        return f"Refund {review.subject} was never sent: --approve releases it."
    if review.reason in ENDED | READ_AGAIN_BY_ITSELF:
        return f"Nothing of {case} can be sent any more ({review.reason}): --dismiss closes this."
    if review.reason == "exchange":
        return f"No money is due for {case} by itself: refund by hand, then --done --refund-id; or --dismiss."
    if review.kind == "refund":
        return (
            f"Refund {review.subject} would only be held again ({review.reason}). Where its cause is mended: "
            f"`backhaul replay {case} --apply`. Where it was refunded by hand: --done --refund-id. Else --dismiss."
        )
    return f"Use `backhaul replay {case} --apply` when the cause is mended: it takes up what is held of it."


def _may_be_sent_again(review: ReviewRow) -> bool:
    return review.reason in SEND_AGAIN.get(review.kind, ())


def _named(review: ReviewRow) -> str:
    return " --refund-id MIRAKL_ID" if review.kind == "refund" else ""
