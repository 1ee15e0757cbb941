"""A person's word on one case of the review inbox, with their name and their reason in the audit trail."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Literal

from integration.ledger.reviews import close_review, get_review, resolve
from integration.ledger.store import Tx
from integration.ledger.tables import ReviewRow
from integration.usecases.next_steps import ABOUT_A_DONE_REFUND
from integration.usecases.ports import Ports
from integration.usecases.refusal import Refused
from integration.usecases.resolve_refund import find_on_mirakl, resolve_refund
from integration.usecases.resolve_stock import resolve_movement
from integration.usecases.resume import BY_HAND
from integration.usecases.take_for_ours import OnMirakl

Verb = Literal["done", "send_again", "dismiss", "approve"]
"""It is done on the other side; it is not, so send it (again); it is not to be done at all; so much may be paid."""


def resolve_review(
    ports: Ports,
    review_id: uuid.UUID,
    verb: Verb,
    *,
    note: str,
    by: str | None = None,
    mirakl_refund_id: str | None = None,
) -> str:
    """Act on the word and close the review; what was done, in a sentence.

    :param note: why; kept as it is.
    :param by: who decided, where that is somebody else than the one who writes it down.
    :param mirakl_refund_id: the refund on Mirakl that a refund's review turned out to be.
    :raises Refused: the case does not allow it, and nothing was changed.
    :raises Retryable: Mirakl could not be asked about the refund, and nothing was changed.
    """
    found = None
    if mirakl_refund_id is not None:
        with ports.ledger.read() as tx:
            review = _open_review(tx, review_id)
        if review.kind != "refund" or review.reason in ABOUT_A_DONE_REFUND:
            raise Refused(f"Review {review_id} is about {review.kind} {review.reason}: it takes no refund id.")
        found = find_on_mirakl(ports, uuid.UUID(review.subject), mirakl_refund_id)
    with ports.ledger.write() as tx:
        tx.lock(BY_HAND)
        review = _open_review(tx, review_id)
        word = _Word(verb, note, by or tx.who)
        outcome = _act(ports, tx, review, word, found)
        close_review(tx, review, resolution=word.kept)
        return outcome


@dataclass(frozen=True)
class _Word:
    verb: Verb
    note: str
    by: str

    @property
    def kept(self) -> str:
        """As the review keeps it."""
        return f"{self.verb}: {self.note}" if self.note else self.verb


def _open_review(tx: Tx, review_id: uuid.UUID) -> ReviewRow:
    review = get_review(tx, review_id)
    if review is None:
        raise Refused(f"There is no review {review_id}: see `backhaul review list --all`.")
    if review.state != "open":
        raise Refused(
            f"Review {review_id} was resolved by {review.resolved_by} ({review.resolution}): nothing changes."
        )
    return review


def _act(ports: Ports, tx: Tx, review: ReviewRow, word: _Word, found: OnMirakl | None) -> str:
    verb = word.verb
    evidence = {"review_id": str(review.id), "word": verb, "note": word.note, "by": word.by}
    if verb == "approve" and (review.kind != "refund" or review.reason in ABOUT_A_DONE_REFUND):
        raise Refused(f"Review {review.id} is about {review.kind} {review.reason}: there is nothing to approve.")
    if review.kind == "refund" and review.reason in ABOUT_A_DONE_REFUND:
        return _settle_difference(review, verb)
    if review.kind == "refund":
        outcome = resolve_refund(ports, tx, uuid.UUID(review.subject), verb, found=found, evidence=evidence)
    elif review.kind == "stock" and verb != "approve":
        outcome = resolve_movement(ports, tx, uuid.UUID(review.subject), verb, evidence=evidence)
    elif verb == "send_again":
        raise Refused(f"Use `backhaul replay {review.kind} {review.subject}`: it takes up what is held of it.")
    else:
        return f"Closed. What is held of {review.kind} {review.subject} stays held."
    resolve(tx, kind=review.kind, subject=review.subject, resolution=word.kept)
    return outcome


def _settle_difference(review: ReviewRow, verb: Verb) -> str:
    """The refund itself is done: what differs is what Mirakl, or its account, says of it."""
    if verb == "send_again":
        raise Refused(f"Refund {review.subject} is not sent again for what Mirakl says of it afterwards.")
    return f"Closed. It comes back only if Mirakl shows yet other figures for refund {review.subject}."
