"""The review inbox: cases that wait for a person, each with the reason and what to do."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from integration.ledger.store import Tx
from integration.ledger.tables import Facts, ReviewRow

log = logging.getLogger(__name__)


def open_review(
    tx: Tx,
    *,
    kind: str,
    subject: str,
    reason: str,
    detail: str,
    evidence: Facts | None = None,
    alert: bool = True,
) -> ReviewRow:
    """Put a case into the inbox, once: the review that is open for it already, with today's detail, else a new one.

    :param alert: whether a person is told of it beside the inbox; not where they were told of its cause already.
    """
    is_open = select(ReviewRow).filter_by(shop=tx.shop, kind=kind, subject=subject, reason=reason, state="open")
    if (known := tx.session.scalar(is_open)) is not None:
        known.detail, known.evidence = detail, evidence or {}
        return known
    review = ReviewRow(
        id=uuid.uuid4(), shop=tx.shop, kind=kind, subject=subject, reason=reason, detail=detail,
        evidence=evidence or {}, state="open", opened_at=tx.now,
    )  # fmt: skip
    try:
        with tx.session.begin_nested():
            tx.session.add(review)
    except IntegrityError:  # another transaction opened it between our look and our insert
        return tx.session.scalars(is_open).one()
    if not alert:
        tx.after_commit.append(lambda: log.info("held as well: %s %s (%s)", kind, subject, reason))
        return review
    tx.after_commit.append(
        lambda: log.error(
            "held for a person: %s %s (%s): %s", kind, subject, reason, detail,
            extra={"alert": "held", "kind": kind, "reason": reason},
        )
    )  # fmt: skip
    return review


def resolve(tx: Tx, *, kind: str, subject: str, resolution: str) -> int:
    """Close every open review of one case; how many there were."""
    result = tx.session.execute(
        update(ReviewRow)
        .where(
            ReviewRow.shop == tx.shop,
            ReviewRow.kind == kind,
            ReviewRow.subject == subject,
            ReviewRow.state == "open",
        )
        .values(state="resolved", resolved_at=tx.now, resolved_by=tx.who, resolution=resolution)
    )
    # An UPDATE's result is a CursorResult, which has a row count.
    return int(result.rowcount)  # type: ignore[attr-defined]


def close_review(tx: Tx, review: ReviewRow, *, resolution: str) -> None:
    """Take this one review out of the inbox, in the name of whoever writes."""
    review.state, review.resolution = "resolved", resolution
    review.resolved_at, review.resolved_by = tx.now, tx.who


def close_reviews_for(tx: Tx, kind: str, subject: str, *, reasons: Collection[str], resolution: str) -> None:
    """Take the reviews of one case out of the inbox, except those that are about something else."""
    case = select(ReviewRow).filter_by(shop=tx.shop, kind=kind, subject=subject, state="open")
    for review in tx.session.scalars(case.where(ReviewRow.reason.in_(reasons))):
        close_review(tx, review, resolution=resolution)


def open_for(tx: Tx, *, kind: str, reason: str) -> list[ReviewRow]:
    """The cases of this kind that are held for this reason."""
    return list(tx.session.scalars(select(ReviewRow).filter_by(shop=tx.shop, kind=kind, reason=reason, state="open")))


def get_review(tx: Tx, review_id: uuid.UUID) -> ReviewRow | None:
    return tx.session.scalar(select(ReviewRow).filter_by(shop=tx.shop, id=review_id))


def resolved_for(tx: Tx, *, kind: str, reason: str) -> set[str]:
    """Subjects of the cases of this kind that were held for this reason, and that a person has dealt with."""
    return set(
        tx.session.scalars(
            select(ReviewRow.subject).filter_by(shop=tx.shop, kind=kind, reason=reason, state="resolved")
        )
    )


def reviews(tx: Tx, *, state: str | None = "open") -> list[ReviewRow]:
    """The inbox, oldest first."""
    query = select(ReviewRow).filter_by(shop=tx.shop).order_by(ReviewRow.opened_at, ReviewRow.id)
    return list(tx.session.scalars(query if state is None else query.filter_by(state=state)))
