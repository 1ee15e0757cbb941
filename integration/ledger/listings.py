"""The ledger counted and listed for people: how much of everything is in which state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from integration.ledger import intents
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, MovementRow, OrderRow, RefundRow, ReturnRow, ReviewRow, WatermarkRow


class Counts(NamedTuple):
    """How many rows are in each state that occurs."""

    orders: dict[str, int]
    returns: dict[str, int]
    refunds: dict[str, int]
    movements: dict[str, int]
    open_reviews: int


def counts(tx: Tx) -> Counts:
    """Everything of this shop, counted by state."""
    return Counts(
        orders=_by_state(tx, OrderRow),
        returns=_by_state(tx, ReturnRow),
        refunds=_refunds_by_state(tx),
        movements=_by_state(tx, MovementRow),
        open_reviews=tx.session.scalar(
            select(func.count()).select_from(ReviewRow).filter_by(shop=tx.shop, state="open")
        )
        or 0,
    )


def waiting_deadlines(tx: Tx) -> tuple[datetime | None, datetime | None]:
    """When the oldest order that waits was created, and the nearest deadline of one; None when none waits."""
    oldest, nearest = tx.session.execute(
        select(func.min(OrderRow.created_date), func.min(OrderRow.deadline)).filter_by(shop=tx.shop, state="waiting")
    ).one()
    return oldest, nearest


def watermarks(tx: Tx) -> dict[str, datetime]:
    """How far each poll has stored everything."""
    rows = tx.session.scalars(select(WatermarkRow).filter_by(shop=tx.shop).order_by(WatermarkRow.name))
    return {row.name: row.at for row in rows}


def returns_held_for(tx: Tx, reason: str) -> list[str]:
    """Ids of the returns that are held for this reason, oldest first."""
    return list(
        tx.session.scalars(
            select(ReturnRow.return_id)
            .filter_by(shop=tx.shop, held_reason=reason)
            .order_by(ReturnRow.first_seen_at, ReturnRow.return_id)
        )
    )


def intents_of(tx: Tx, kinds: Sequence[str], subject: str) -> list[Intent]:
    """What was promised for one subject, in the order of `kinds`."""
    found = (intents.find(tx, kind, subject) for kind in kinds)
    return [intent for intent in found if intent is not None]


def oldest_due(tx: Tx) -> dict[str, float]:
    """For each kind of which something is due: since how many seconds."""
    rows = tx.session.execute(
        select(Intent.kind, func.min(Intent.due_at))
        .where(Intent.shop == tx.shop, Intent.state.in_(("decided", "unknown")), Intent.due_at <= tx.now)
        .group_by(Intent.kind)
        .order_by(Intent.kind)
    )
    return {kind: (tx.now - due).total_seconds() for kind, due in rows}


def open_reviews_of(tx: Tx, *, kind: str, subject: str) -> list[ReviewRow]:
    """What waits for a person in one case, oldest first."""
    return list(
        tx.session.scalars(
            select(ReviewRow)
            .filter_by(shop=tx.shop, kind=kind, subject=subject, state="open")
            .order_by(ReviewRow.opened_at)
        )
    )


def _by_state(tx: Tx, table: type[OrderRow | ReturnRow | MovementRow]) -> dict[str, int]:
    query = select(table.state, func.count()).where(table.shop == tx.shop).group_by(table.state).order_by(table.state)
    return {row[0]: row[1] for row in tx.session.execute(query)}


def _refunds_by_state(tx: Tx) -> dict[str, int]:
    """By the states of `integration.ledger.refunds.Refund`.

    A refund of ours is in the state of its intent, so these are counted by an index, and no refund is looked at.
    """
    intents_ = (
        select(Intent.state, func.count())
        .where(Intent.shop == tx.shop, Intent.kind == "push_refund")
        .group_by(Intent.state)
    )
    found = {row[0]: row[1] for row in tx.session.execute(intents_)}
    of_refunds = select(func.count()).select_from(RefundRow).where(RefundRow.shop == tx.shop)
    found["external"] = tx.session.scalar(of_refunds.where(RefundRow.intent_id.is_(None))) or 0
    paid = of_refunds.where(RefundRow.refund_state == "REFUNDED", RefundRow.intent_id.is_not(None))
    found["refunded"] = tx.session.scalar(paid) or 0
    found["confirmed"] = found.get("confirmed", 0) - found["refunded"]
    return {state: number for state, number in sorted(found.items()) if number > 0}
