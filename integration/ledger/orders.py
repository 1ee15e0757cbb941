"""Orders in the ledger."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update

from integration.ledger.store import Tx
from integration.ledger.tables import OrderRow

ENDED = ("order_refused", "order_canceled")
"""Why an order is held that is past its acceptance: its clock has stopped."""


def known_orders(tx: Tx, order_ids: Collection[str]) -> dict[str, OrderRow]:
    """Those of these orders that stand in the ledger."""
    ids = list(order_ids)
    found: dict[str, OrderRow] = {}
    for start in range(0, len(ids), 500):  # SQLite bounds the number of variables of a statement
        part = ids[start : start + 500]
        rows = tx.session.scalars(select(OrderRow).where(OrderRow.shop == tx.shop, OrderRow.order_id.in_(part)))
        found |= {row.order_id: row for row in rows}
    return found


def add_order(
    tx: Tx,
    *,
    order_id: str,
    commercial_id: str | None,
    lines: Sequence[dict[str, Any]],
    created_date: datetime,
    deadline: datetime,
) -> OrderRow:
    """A new order that waits for its acceptance."""
    row = OrderRow(
        shop=tx.shop, order_id=order_id, commercial_id=commercial_id, state="waiting", lines=list(lines),
        created_date=created_date, deadline=deadline, first_seen_at=tx.now, alerted_percent=0,
    )  # fmt: skip
    tx.session.add(row)
    return row


def acknowledge_all(tx: Tx, order_ids: Sequence[str]) -> None:
    """These orders have just been accepted by us."""
    tx.session.execute(
        update(OrderRow)
        .where(OrderRow.shop == tx.shop, OrderRow.order_id.in_(order_ids))
        .values(state="acknowledged", reason=None, acknowledged_at=tx.now, acknowledged_by="us")
        .execution_options(synchronize_session=False)
    )


def unaccepted_orders(tx: Tx, *, held_only: bool = False) -> list[OrderRow]:
    """Orders whose acceptance time is running, nearest deadline first: those that wait, and those that are held."""
    states = ("held",) if held_only else ("waiting", "held")
    return list(
        tx.session.scalars(
            select(OrderRow)
            .filter_by(shop=tx.shop)
            .where(OrderRow.state.in_(states), or_(OrderRow.reason.is_(None), OrderRow.reason.not_in(ENDED)))
            .order_by(OrderRow.deadline, OrderRow.order_id)
        )
    )


def waiting_deadlines(tx: Tx) -> list[datetime]:
    """Deadlines of the orders that wait, nearest first."""
    return list(
        tx.session.scalars(
            select(OrderRow.deadline).filter_by(shop=tx.shop, state="waiting").order_by(OrderRow.deadline)
        )
    )


def longest_wait(tx: Tx) -> float:
    """Seconds since the longest waiting order was first seen; 0.0 where none waits."""
    seen = tx.session.scalar(select(func.min(OrderRow.first_seen_at)).filter_by(shop=tx.shop, state="waiting"))
    return 0.0 if seen is None else (tx.now - seen).total_seconds()


def acknowledged_since(tx: Tx, since: datetime) -> int:
    """How many orders were acknowledged from then on."""
    return (
        tx.session.scalar(
            select(func.count())
            .select_from(OrderRow)
            .where(OrderRow.shop == tx.shop, OrderRow.acknowledged_at >= since)
        )
        or 0
    )


def missed_since(tx: Tx, since: datetime) -> int:
    """How many orders that were created from then on Mirakl refused since nobody answered in time."""
    return (
        tx.session.scalar(
            select(func.count())
            .select_from(OrderRow)
            .where(OrderRow.shop == tx.shop, OrderRow.state == "missed", OrderRow.created_date >= since)
        )
        or 0
    )


def get_order(tx: Tx, order_id: str) -> OrderRow | None:
    return tx.session.get(OrderRow, (tx.shop, order_id))


def orders(tx: Tx, *, state: str | None = None, limit: int | None = None) -> list[OrderRow]:
    """Orders, nearest deadline first."""
    query = select(OrderRow).filter_by(shop=tx.shop).order_by(OrderRow.deadline, OrderRow.order_id).limit(limit)
    return list(tx.session.scalars(query if state is None else query.filter_by(state=state)))
