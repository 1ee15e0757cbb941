"""Movements of stock and the imports that carry them to Mirakl."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import case, func, or_, select, update

from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, MovementRow, StockImportRow


def add_movement(
    tx: Tx,
    *,
    return_id: str,
    order_line_id: str,
    sku: str,
    quantity: int,
    location: str | None,
    state: str,
    reason: str | None,
    restocked_at: datetime | None = None,
) -> MovementRow:
    """Units of one return line that came back together."""
    ordinal = tx.session.scalar(
        select(func.count())
        .select_from(MovementRow)
        .filter_by(shop=tx.shop, return_id=return_id, order_line_id=order_line_id)
    )
    row = MovementRow(
        id=uuid.uuid4(), shop=tx.shop, return_id=return_id, order_line_id=order_line_id, ordinal=(ordinal or 0) + 1,
        sku=sku, quantity=quantity, location=location, state=state, reason=reason, created_at=tx.now, due_at=tx.now,
        returned_imports=0, parked_times=0, in_stock_master=False, restocked_at=restocked_at,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    return row


def get_movement(tx: Tx, movement_id: uuid.UUID) -> MovementRow | None:
    return tx.session.scalar(select(MovementRow).filter_by(shop=tx.shop, id=movement_id))


def movements(
    tx: Tx,
    *,
    states: Sequence[str] | None = None,
    return_id: str | None = None,
    order_line_id: str | None = None,
    import_id: uuid.UUID | None = None,
    limit: int | None = None,
) -> list[MovementRow]:
    """Movements, oldest first."""
    query = select(MovementRow).filter_by(shop=tx.shop).order_by(MovementRow.created_at, MovementRow.id).limit(limit)
    if states is not None:
        query = query.where(MovementRow.state.in_(states))
    if return_id is not None:
        query = query.filter_by(return_id=return_id)
    if order_line_id is not None:
        query = query.filter_by(order_line_id=order_line_id)
    if import_id is not None:
        query = query.filter_by(import_id=import_id)
    return list(tx.session.scalars(query))


def awaiting_their_product(tx: Tx) -> list[str]:
    """SKUs whose product is not live yet; but for those that OF21 showed live when their line was refused, since of
    them it tells nothing.
    """
    parked = [one for one in movements(tx, states=["parked"]) if one.reason == "product_not_live_yet"]
    files = tx.session.scalars(
        select(Intent).where(
            Intent.shop == tx.shop,
            Intent.kind == "send_stock",
            Intent.subject.in_({str(movement.import_id) for movement in parked}),
        )
    )
    shown_live = {(file.subject, line["sku"]) for file in files for line in file.plan["lines"] if line.get("live")}
    return sorted({one.sku for one in parked if (str(one.import_id), one.sku) not in shown_live})


def unpark(tx: Tx, *, live: Collection[str] = ()) -> int:
    """Parked movements whose time has come are pending again; how many.

    :param live: SKUs that waited for their product, which is live now: their time has come.
    """
    its_time = MovementRow.due_at <= tx.now
    went_live = MovementRow.sku.in_(live)
    result = tx.session.execute(
        update(MovementRow)
        .where(MovementRow.shop == tx.shop, MovementRow.state == "parked", or_(its_time, went_live))
        .values(state="pending", import_id=None, due_at=case((its_time, MovementRow.due_at), else_=tx.now))
    )
    # An UPDATE's result is a CursorResult, which has a row count.
    return int(result.rowcount)  # type: ignore[attr-defined]


def unfinished_import(tx: Tx) -> StockImportRow | None:
    """The shop's import in flight: there is one at most."""
    return tx.session.scalar(select(StockImportRow).filter_by(shop=tx.shop, finished_at=None))


def lines_sent(tx: Tx, *, since: datetime) -> list[Facts]:
    """The lines of every file (STO01) that was sent since then, oldest file first, as `send_stock` planned them."""
    sent = tx.session.scalars(
        select(Intent)
        .where(Intent.shop == tx.shop, Intent.kind == "send_stock", Intent.sent_at >= since)
        .order_by(Intent.sent_at)
    )
    return [line for intent in sent for line in intent.plan["lines"]]


def adjusted_since(tx: Tx, sku: str, *, since: datetime | None, but: uuid.UUID) -> bool:
    """Whether another adjustment of ours of the stock master's SKU was sent since then."""
    sent = tx.session.scalars(
        select(Intent).where(
            Intent.shop == tx.shop, Intent.kind == "adjust_stock_master", Intent.sent_at > since, Intent.id != but
        )
    )
    return any(intent.plan.get("sku") == sku for intent in sent)


def get_import(tx: Tx, import_id: uuid.UUID) -> StockImportRow:
    return tx.session.scalars(select(StockImportRow).filter_by(shop=tx.shop, id=import_id)).one()


def open_import(tx: Tx) -> StockImportRow:
    """A new import, to which movements are attached when it is about to be sent."""
    row = StockImportRow(id=uuid.uuid4(), shop=tx.shop, created_at=tx.now)
    tx.session.add(row)
    tx.session.flush()
    return row
