"""What RT11 showed of returns while a step of theirs had an unknown outcome: one call settles all that wait for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select

from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, PollRow, ReadingRow
from integration.ledger.upsert import put

AWAITED = "waiting_to_be_read_back"
"""Why a step waits that was not sent: somebody may have taken it by hand."""


def reading_of(tx: Tx, return_id: str) -> ReadingRow | None:
    return tx.session.get(ReadingRow, (tx.shop, return_id))


def awaited(tx: Tx, kinds: Collection[str], return_ids: Collection[str] | None = None) -> dict[str, datetime]:
    """Returns of which a sending's outcome is unknown, and when the newest such sending began; the oldest first.

    Also those of which a step may have been taken by hand, since the step was promised.

    :param return_ids: of these alone.
    """
    began = func.max(func.coalesce(Intent.sent_at, Intent.created_at))
    sent: Any = (
        select(Intent.subject, began)
        .where(Intent.shop == tx.shop, Intent.kind.in_(kinds), _waits())
        .group_by(Intent.subject)
        .order_by(began, Intent.subject)
    )
    if return_ids is not None:
        sent = sent.where(Intent.subject.in_(return_ids))
    return {row[0]: row[1] for row in tx.session.execute(sent)}


def passed_over(tx: Tx, kinds: Collection[str], *, poll: str, waited: datetime) -> list[str]:
    """Of those, the ones that the poll has not shown though it began after their sending and came to its end.

    :param waited: who was sent before then has waited for the poll for long enough.
    """
    sent = awaited(tx, kinds)
    if not sent:
        return []
    pass_ = tx.session.get(PollRow, (tx.shop, poll))
    began = pass_.started_at if pass_ is not None and (pass_.succeeded_at or waited) >= pass_.started_at else waited
    latest = max(began, waited)
    known = select(ReadingRow).where(ReadingRow.shop == tx.shop, ReadingRow.return_id.in_(sent))
    read = {row.return_id: row.asked_at for row in tx.session.scalars(known)}
    return [one for one, at in sent.items() if at < latest and not (one in read and read[one] > at)]


def keep_readings(tx: Tx, kinds: Collection[str], shown: Mapping[str, Facts | None], *, asked_at: datetime) -> None:
    """Keep what RT11 shows of these returns, and have whoever waits for it look.

    :param asked_at: when the call was about to be made.
    """
    for return_id, body in sorted(shown.items()):
        put(tx, ReadingRow, return_id=return_id, asked_at=asked_at, body=body)
    for intent in _waiting(tx, kinds, list(shown)):
        intent.due_at, intent.rung_at = tx.now, tx.now
        tx.ring(intent.kind, intent.id, due_at=tx.now, urgent=intent.urgent)


def forget_reading(tx: Tx, return_id: str) -> None:
    """A person takes it up from here: should they say that it goes on, it is looked at anew."""
    tx.session.execute(delete(ReadingRow).filter_by(shop=tx.shop, return_id=return_id))


def _waits() -> ColumnElement[bool]:
    return or_(
        and_(Intent.state == "unknown", Intent.sent_at.is_not(None)),
        and_(Intent.state == "decided", Intent.reason == AWAITED),
    )


def _waiting(tx: Tx, kinds: Collection[str], return_ids: Sequence[str]) -> Sequence[Intent]:
    free = or_(Intent.lease_until.is_(None), Intent.lease_until < tx.now)
    return tx.session.scalars(
        select(Intent)
        .where(
            Intent.shop == tx.shop, Intent.kind.in_(kinds), Intent.subject.in_(return_ids), _waits(), free,
        )
        .with_for_update(skip_locked=True)
    ).all()  # fmt: skip
