"""The fleet's figures, counted in the ledger: true for all of its processes, and not lost when one is restarted."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute

from integration.ledger.distributions import Distribution, seconds_between
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, MovementRow, OrderRow, ReviewRow
from integration.ledger.tallies import Tally, total

Counts = dict[tuple[str, ...], int]
"""A number for each combination of what is counted by."""


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
    """Count everything, without reading what is long past. No id and no personal data comes out."""
    acknowledged = acknowledgement_tallies(tx)
    deadline = tx.session.scalar(select(func.min(OrderRow.deadline)).filter_by(shop=tx.shop, state="waiting"))
    return Figures(
        intents=_count(tx, Intent.kind, Intent.state),
        orders=_count(tx, OrderRow.state),
        reviews=_count(tx, ReviewRow.kind, ReviewRow.reason, state="open"),
        movements=_count(tx, MovementRow.state),
        nearest_deadline=None if deadline is None else (deadline - tx.now).total_seconds(),
        since_created=total(tx, acknowledged["created"]),
        since_seen=total(tx, acknowledged["first_seen"]),
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


def acknowledgement_tallies(tx: Tx) -> dict[str, Tally]:
    """Of the orders that we acknowledged ourselves, since creation and since first sight: when somebody else did is not
    known."""
    ours = (OrderRow.shop == tx.shop, OrderRow.state == "acknowledged", OrderRow.acknowledged_by == "us")
    starts = {"created": OrderRow.created_date, "first_seen": OrderRow.first_seen_at}
    return {
        since: Tally(
            f"acknowledged since {since}",
            seconds_between(tx, start, OrderRow.acknowledged_at),
            OrderRow.acknowledged_at,
            ours,
        )
        for since, start in starts.items()
    }
