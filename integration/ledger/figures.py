"""The fleet's figures, counted in the ledger: true for all of its processes, and not lost when one is restarted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, case, cast, extract, func, select
from sqlalchemy.orm import InstrumentedAttribute

from integration.ledger.store import Tx
from integration.ledger.tables import Intent, MovementRow, OrderRow, ReviewRow

BOUNDS = (1, 2, 5, 10, 30, 60, 75, 120, 300, 900, 3_600, 14_400, 43_200, 86_400)
"""Seconds, with a bound where something is promised: 75 s from order to acknowledgement, 24 h to the deadline."""

Counts = dict[tuple[str, ...], int]
"""A number for each combination of what is counted by."""


@dataclass(frozen=True)
class Distribution:
    """How long something took.

    :param within: for each of `BOUNDS`, how many took so long or less.
    :param seconds: the sum of all.
    """

    within: tuple[int, ...]
    count: int
    seconds: float


@dataclass(frozen=True)
class Figures:
    """What `figures` counts, of one shop; times in seconds, by the database's clock.

    :param intents: by kind and state.
    :param orders: by state.
    :param reviews: the open ones, by kind and reason.
    :param movements: by state.
    :param nearest_deadline: until the first waiting order must be acknowledged, negative when it is too late; None
        where none waits.
    :param since_created: from Mirakl's `created_date` to our acknowledgement (OR21).
    :param since_seen: from the poll that brought the order to our acknowledgement.
    :param oldest_movement: how long the stock movement that has waited longest has been due; 0 where none waits.
    """

    intents: Counts
    orders: Counts
    reviews: Counts
    movements: Counts
    nearest_deadline: float | None
    since_created: Distribution
    since_seen: Distribution
    oldest_movement: float


def figures(tx: Tx) -> Figures:
    """Count everything once. No id and no personal data comes out."""
    deadline = tx.session.scalar(select(func.min(OrderRow.deadline)).filter_by(shop=tx.shop, state="waiting"))
    return Figures(
        intents=_count(tx, Intent.kind, Intent.state),
        orders=_count(tx, OrderRow.state),
        reviews=_count(tx, ReviewRow.kind, ReviewRow.reason, state="open"),
        movements=_count(tx, MovementRow.state),
        nearest_deadline=None if deadline is None else (deadline - tx.now).total_seconds(),
        since_created=_acknowledgement(tx, OrderRow.created_date),
        since_seen=_acknowledgement(tx, OrderRow.first_seen_at),
        oldest_movement=oldest_movement(tx),
    )


def _count(tx: Tx, *by: InstrumentedAttribute[str], **where: str) -> Counts:
    rows = tx.session.execute(select(func.count(), *by).filter_by(shop=tx.shop, **where).group_by(*by))
    return {tuple(values): number for number, *values in rows}


def oldest_movement(tx: Tx) -> float:
    """Seconds that the stock movement which has waited longest has been due; 0.0 where none waits."""
    due = tx.session.scalar(
        select(func.min(MovementRow.due_at)).where(
            MovementRow.shop == tx.shop, MovementRow.state.in_(("pending", "sent"))
        )
    )
    return 0.0 if due is None else max(0.0, (tx.now - due).total_seconds())


def distribution(tx: Tx, took: ColumnElement[float], *where: ColumnElement[bool]) -> Distribution:
    """How long it took, over the rows for which all of this holds."""
    counts: Sequence[ColumnElement[int]] = [func.count(case((took <= bound, 1))) for bound in BOUNDS]
    row = tx.session.execute(select(func.count(), func.coalesce(func.sum(took), 0.0), *counts).where(*where)).one()
    return Distribution(within=tuple(row[2:]), count=row[0], seconds=float(row[1]))


def seconds_between(
    tx: Tx, earlier: InstrumentedAttribute[Any], later: InstrumentedAttribute[Any]
) -> ColumnElement[float]:
    """The time from one column to another, as either database tells it."""
    if tx.session.get_bind().dialect.name == "sqlite":
        return (func.julianday(later) - func.julianday(earlier)) * 86_400.0
    return cast(extract("epoch", later - earlier), Float)


def _acknowledgement(tx: Tx, start: InstrumentedAttribute[datetime]) -> Distribution:
    """Of the orders that we acknowledged ourselves: when somebody else did is not known."""
    took = seconds_between(tx, start, OrderRow.acknowledged_at)
    ours = (OrderRow.shop == tx.shop, OrderRow.state == "acknowledged", OrderRow.acknowledged_by == "us")
    return distribution(tx, took, *ours)
