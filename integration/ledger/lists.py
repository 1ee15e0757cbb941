"""The ledger's lists for people and programs: one statement each, row by row, however long they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, and_, case, cast, func, or_, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from integration.ledger.columns import Document
from integration.ledger.refunds import Refund
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, MovementRow, OrderRow, RefundRow, ReturnRow, ReviewRow

AT_ONCE = 1_000
"""Rows that are held in memory at a time."""


PARTS = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
"""Where the five parts of a UUID begin in its 32 digits, and how long they are."""


@dataclass(frozen=True)
class Listed:
    """A list that is read when somebody asks for it; its rows have the columns' names as attributes.

    :param order: what it is sorted by, smallest first.
    """

    tx: Tx
    query: Select[Any]
    order: tuple[InstrumentedAttribute[Any], ...]

    def first(self, number: int | None = None) -> Iterator[Row[Any]]:
        """So many rows from its beginning, or all of them."""
        query = self.query.order_by(*self.order).limit(number)
        yield from self.tx.session.execute(query, execution_options={"yield_per": AT_ONCE})

    def last(self, number: int) -> Sequence[Row[Any]]:
        """So many rows from its end, in its order."""
        query = self.query.order_by(*(column.desc() for column in self.order)).limit(number)
        return self.tx.session.execute(query).all()[::-1]

    def count(self) -> int:
        """How many rows it has."""
        counted = self.query.with_only_columns(func.count(), maintain_column_froms=True)
        return self.tx.session.scalar(counted) or 0


def list_orders(tx: Tx, *, state: str | None = None) -> Listed:
    """Orders, nearest deadline first."""
    columns = (
        OrderRow.order_id, OrderRow.commercial_id, OrderRow.state, OrderRow.reason, _instant(tx, OrderRow.created_date),
        _instant(tx, OrderRow.first_seen_at), _instant(tx, OrderRow.deadline),
        _instant(tx, OrderRow.acknowledged_at), OrderRow.acknowledged_by,
    )  # fmt: skip
    return _listed(tx, OrderRow, columns, (OrderRow.deadline, OrderRow.order_id), state)


def list_returns(tx: Tx, *, state: str | None = None) -> Listed:
    """Returns, oldest first."""
    columns = (
        ReturnRow.return_id, ReturnRow.order_id, ReturnRow.commercial_id, ReturnRow.state, ReturnRow.held_reason,
        ReturnRow.mirakl_state, ReturnRow.reveni_return_id, ReturnRow.reveni_status, ReturnRow.reveni_type,
        ReturnRow.reveni_mode, ReturnRow.mapping_version, ReturnRow.carrier, ReturnRow.tracking_number,
        _instant(tx, ReturnRow.first_seen_at),
    )  # fmt: skip
    return _listed(tx, ReturnRow, columns, (ReturnRow.first_seen_at, ReturnRow.return_id), state)


def list_movements(tx: Tx, *, state: str | None = None) -> Listed:
    """Movements of stock, oldest first."""
    columns = (
        _uuid(tx, MovementRow.id), MovementRow.return_id, MovementRow.order_line_id, MovementRow.sku,
        MovementRow.quantity, MovementRow.location, MovementRow.state, MovementRow.reason, MovementRow.detail,
        _instant(tx, MovementRow.created_at), _instant(tx, MovementRow.done_at),
    )  # fmt: skip
    return _listed(tx, MovementRow, columns, (MovementRow.created_at, MovementRow.id), state)


def list_reviews(tx: Tx, *, state: str | None = "open") -> Listed:
    """The inbox, oldest first."""
    columns = (
        _uuid(tx, ReviewRow.id), ReviewRow.kind, ReviewRow.subject, ReviewRow.reason, ReviewRow.detail,
        ReviewRow.evidence, _instant(tx, ReviewRow.opened_at), ReviewRow.state, _instant(tx, ReviewRow.resolved_at),
        ReviewRow.resolved_by, ReviewRow.resolution,
    )  # fmt: skip
    return _listed(tx, ReviewRow, columns, (ReviewRow.opened_at, ReviewRow.id), state)


def list_refunds(tx: Tx, *, state: str | None = None) -> Listed:
    """Refunds, oldest first, each with what its intent says; `as_refund` takes the two apart.

    What is planned, and the evidence, are read only where no amount is known yet.
    """
    unknown = RefundRow.amount.is_(None)
    query: Any = (
        select(
            _uuid(tx, RefundRow.id), RefundRow.intent_id.is_not(None).label("ours"),
            RefundRow.return_id, RefundRow.order_id, RefundRow.order_line_id,
            RefundRow.quantity, RefundRow.amount, RefundRow.shipping_amount, RefundRow.currency,
            RefundRow.mirakl_refund_id, RefundRow.refund_state,
            _instant(tx, RefundRow.created_at), _instant(tx, RefundRow.confirmed_at),
            type_coerce(case((unknown, RefundRow.calculation)), Document).label("calculation"),
            type_coerce(case((unknown, Intent.plan)), Document).label("plan"),
            Intent.state, Intent.reason, Intent.detail,
        )
        .select_from(RefundRow)
        .outerjoin(Intent, Intent.id == RefundRow.intent_id)
        .where(RefundRow.shop == tx.shop)
    )  # fmt: skip
    if state is not None:
        query = query.where(_refund_is(state))
    return Listed(tx, query, (RefundRow.created_at, RefundRow.id))


def as_refund(row: Any) -> Refund:
    """A row of `list_refunds` as a refund and its intent: no column of the two has the other's name."""
    return Refund(row, row if row.ours else None)


def _instant(tx: Tx, column: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """A time as it is shown, put together by the database: as an object it would cost more than its whole row."""
    if tx.session.get_bind().dialect.name == "sqlite":  # stored as 2026-11-23 10:00:00.000000, in UTC
        day_and_time = func.replace(func.substr(type_coerce(column, String), 1, 23), " ", "T")
        return (type_coerce(day_and_time, String) + "Z").label(column.key)
    in_utc = func.timezone("UTC", column)
    return func.to_char(in_utc, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"').label(column.key)


def _uuid(tx: Tx, column: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """An id as it is shown."""
    if tx.session.get_bind().dialect.name != "sqlite":
        return cast(column, String).label(column.key)
    stored = type_coerce(column, String)  # 32 digits
    parts: list[ColumnElement[str]] = [
        type_coerce(func.substr(stored, first, digits), String) for first, digits in PARTS
    ]
    first, *others = parts
    for part in others:
        first = first + "-" + part
    return first.label(column.key)


def _refund_is(state: str) -> ColumnElement[bool]:
    """By the states of `integration.ledger.refunds.Refund`."""
    paid = and_(Intent.state == "confirmed", RefundRow.refund_state == "REFUNDED")
    match state:
        case "external":
            return RefundRow.intent_id.is_(None)
        case "refunded":
            return paid
        case "confirmed":
            unpaid = or_(RefundRow.refund_state.is_(None), RefundRow.refund_state != "REFUNDED")
            return and_(Intent.state == "confirmed", unpaid)
    return Intent.state == state


def _listed(
    tx: Tx,
    table: type[OrderRow | ReturnRow | MovementRow | ReviewRow],
    columns: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
    order: tuple[InstrumentedAttribute[Any], ...],
    state: str | None,
) -> Listed:
    query = select(*columns).where(table.shop == tx.shop)
    return Listed(tx, query if state is None else query.where(table.state == state), order)
