"""The seller's account in the ledger: lines (TL02), billing cycles (SBC11) and accounting documents (IV01)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from integration.domain.settlement import INFORMATIVE, AccountLine, Booked, Cycle
from integration.domain.settlement_report import Document
from integration.ledger.store import Tx
from integration.ledger.tables import Base, CycleRow, DocumentRow, TransactionRow
from integration.ledger.upsert import columns_of, insert_into

T = TypeVar("T")
Values = Mapping[str, Any]
IDS_PER_QUERY = 500
"""SQLite bounds the number of variables of a statement."""

BILLED_AT = func.coalesce(CycleRow.date_created, TransactionRow.billed_at)
"""When a line's cycle was made: as SBC11 says, else when the line was first seen in it."""

IS_MONEY = or_(TransactionRow.payment_state.is_(None), TransactionRow.payment_state != INFORMATIVE)


def store_lines(tx: Tx, lines: Sequence[Values]) -> None:
    """Write lines down by their id. One that is older than what is known changes nothing; `billed_at` is kept for as
    long as the line stays in its cycle.
    """
    insert = insert_into(tx, TransactionRow)
    new, known = insert.excluded, TransactionRow
    changed: dict[str, Any] = {name: new[name] for name in columns_of(TransactionRow) - {"shop", "transaction_id"}}
    changed["billed_at"] = case((known.cycle_id == new.cycle_id, known.billed_at), else_=new.billed_at)
    statement = insert.on_conflict_do_update(
        index_elements=["shop", "transaction_id"], set_=changed, where=known.last_updated <= new.last_updated
    )
    if lines:
        tx.session.execute(statement, [{**line, "shop": tx.shop} for line in lines])


def store_cycles(tx: Tx, cycles: Sequence[Values]) -> None:
    """Write billing cycles down by their id, as they were last read."""
    _store(tx, CycleRow, "cycle_id", cycles)


def store_documents(tx: Tx, documents: Sequence[Values]) -> None:
    """Write accounting documents down by their id, as they were last read."""
    _store(tx, DocumentRow, "invoice_id", documents)


def lines_of_refunds(tx: Tx, mirakl_refund_ids: Collection[str]) -> dict[str, list[AccountLine]]:
    """All lines of the account that name these refunds, by Mirakl's refund id."""
    found: dict[str, list[AccountLine]] = defaultdict(list)
    for ids in batches(sorted(mirakl_refund_ids)):
        for row in tx.session.execute(_lines(tx).where(TransactionRow.refund_id.in_(ids))):
            line = AccountLine(*row)
            found[line.refund_id or ""].append(line)
    return found


def refunds_of_period(tx: Tx, start: datetime, end: datetime) -> set[str]:
    """Mirakl's ids of the refunds made before the end and not settled before the start."""
    open_at_start = or_(TransactionRow.cycle_id.is_(None), start <= BILLED_AT)
    return _refund_ids(tx, IS_MONEY, TransactionRow.date_created < end, open_at_start)


def refunds_of_cycle(tx: Tx, cycle_id: str) -> set[str]:
    """Mirakl's ids of the refunds that a billing cycle holds lines of."""
    return _refund_ids(tx, TransactionRow.cycle_id == cycle_id)


def booked_by_cycle(tx: Tx, cycle_ids: Collection[str]) -> dict[str, list[Booked]]:
    """What the lines of each cycle sum to, by type and currency: summed here, since SQLite keeps money as text."""
    sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    query = select(TransactionRow.cycle_id, TransactionRow.type, TransactionRow.currency, TransactionRow.amount).where(
        TransactionRow.shop == tx.shop, TransactionRow.cycle_id.in_(list(cycle_ids)), IS_MONEY
    )
    for cycle_id, kind, currency, amount in tx.session.execute(query):
        sums[cycle_id or "", kind, currency] += amount
    booked: dict[str, list[Booked]] = defaultdict(list)
    for (cycle_id, kind, currency), amount in sorted(sums.items()):
        booked[cycle_id].append(Booked(kind, currency, amount))
    return booked


def cycles(
    tx: Tx, *, ids: Collection[str] | None = None, start: datetime | None = None, end: datetime | None = None
) -> list[Cycle]:
    """Billing cycles, oldest first: of these ids, or made from `start` until before `end`."""
    query = select(CycleRow).where(CycleRow.shop == tx.shop).order_by(CycleRow.date_created, CycleRow.cycle_id)
    if ids is not None:
        query = query.where(CycleRow.cycle_id.in_(list(ids)))
    if start is not None:
        query = query.where(CycleRow.date_created >= start)
    if end is not None:
        query = query.where(CycleRow.date_created < end)
    return [
        Cycle(
            row.cycle_id, row.date_created, row.currency, row.transferred, row.payout_state, row.payout_reference,
            row.payout_date,
        )
        for row in tx.session.scalars(query)
    ]  # fmt: skip


def documents_of(tx: Tx, cycle_ids: Collection[str]) -> list[Document]:
    """The accounting documents of these cycles, oldest first."""
    rows = tx.session.scalars(
        select(DocumentRow)
        .where(DocumentRow.shop == tx.shop, DocumentRow.cycle_id.in_(list(cycle_ids)))
        .order_by(DocumentRow.date_created, DocumentRow.invoice_id)
    )
    return [
        Document(
            row.invoice_id, row.cycle_id or "", row.type, row.currency, row.including_taxes, row.payment_state,
            row.payment_reference,
        )
        for row in rows
    ]  # fmt: skip


def lacks_cycles(tx: Tx) -> bool:
    """Whether SBC11 has something to tell: a line names a cycle that is not known, or a known one is not paid."""
    known = select(CycleRow.cycle_id).where(CycleRow.shop == tx.shop, CycleRow.payout_state == "PAID")
    return _names_other_cycles(tx, known)


def lacks_documents(tx: Tx) -> bool:
    """Whether IV01 has something to tell: a line names a cycle whose document is not known, or not paid."""
    known = select(DocumentRow.cycle_id).where(
        DocumentRow.shop == tx.shop, DocumentRow.payment_state == "PAID", DocumentRow.cycle_id.is_not(None)
    )
    return _names_other_cycles(tx, known)


def batches(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    """The ids, as many at a time as one statement may name."""
    for start in range(0, len(ids), IDS_PER_QUERY):
        yield ids[start : start + IDS_PER_QUERY]


def _names_other_cycles(tx: Tx, known: Select[Any]) -> bool:
    other = select(TransactionRow.cycle_id).where(
        TransactionRow.shop == tx.shop, TransactionRow.cycle_id.is_not(None), TransactionRow.cycle_id.not_in(known)
    )
    return tx.session.scalar(other.limit(1)) is not None


def _lines(tx: Tx) -> Any:
    """The columns of `AccountLine`, in its order."""
    row = TransactionRow
    return (
        select(
            row.transaction_id, row.type, row.amount, row.currency, row.date_created, row.payment_state, row.cycle_id,
            BILLED_AT, row.order_id, row.order_line_id, row.refund_id,
        )
        .outerjoin(CycleRow, _OF_ITS_CYCLE)
        .where(row.shop == tx.shop)
    )  # fmt: skip


def _refund_ids(tx: Tx, *conditions: ColumnElement[bool]) -> set[str]:
    query = (
        select(TransactionRow.refund_id)
        .outerjoin(CycleRow, _OF_ITS_CYCLE)
        .where(TransactionRow.shop == tx.shop, TransactionRow.refund_id.is_not(None), *conditions)
        .distinct()
    )
    return {refund_id for refund_id in tx.session.scalars(query) if refund_id}


def _store(tx: Tx, table: type[Base], key: str, rows: Sequence[Values]) -> None:
    insert = insert_into(tx, table)
    changed = {name: insert.excluded[name] for name in columns_of(table) - {"shop", key}}
    if rows:
        tx.session.execute(
            insert.on_conflict_do_update(index_elements=["shop", key], set_=changed),
            [{**row, "shop": tx.shop} for row in rows],
        )


_OF_ITS_CYCLE = and_(CycleRow.shop == TransactionRow.shop, CycleRow.cycle_id == TransactionRow.cycle_id)
