"""Refunds that were held for one on Mirakl that nobody knew: once it is known whose it is, they go on by themselves."""

from __future__ import annotations

from integration.ledger import intents
from integration.ledger.journal import journal_of
from integration.ledger.listings import open_reviews_of
from integration.ledger.refunds import attributed_ids, refunds, refunds_of_others
from integration.ledger.reviews import close_review
from integration.ledger.store import Tx

ELSEWHERE = "refunded_elsewhere"


def release_explained(tx: Tx, order_id: str) -> int:
    """Take up the refunds of the order that are held for refunds of which each has turned out to be ours; how many."""
    attributed, released = attributed_ids(tx, order_id), 0
    for refund in refunds(tx, order_id=order_id):
        if refund.intent is None or (refund.intent.state, refund.intent.reason) != ("held", ELSEWHERE):
            continue
        held = next(one.evidence for one in reversed(journal_of(tx, refund.intent.id)) if one.to_state == "held")
        shown = {past["id"] for past in held.get("elsewhere", ())}
        if shown - attributed - refunds_of_others(tx, refund.row):
            continue
        for review in open_reviews_of(tx, kind="refund", subject=str(refund.row.id)):
            if review.reason == ELSEWHERE:
                close_review(
                    tx, review, resolution=f"{', '.join(sorted(shown))} turned out to be another refund of ours"
                )
        intents.reopen(tx, refund.intent, reason="explained_since")
        released += 1
    return released
