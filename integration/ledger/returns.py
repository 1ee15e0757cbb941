"""Returns and their lines in the ledger."""

from __future__ import annotations

from sqlalchemy import or_, select

from integration.ledger.store import Tx
from integration.ledger.tables import EventRow, ReturnLineRow, ReturnRow


def lock_return(tx: Tx, return_id: str) -> ReturnRow | None:
    """The return, locked until the end of the transaction: its counters are only changed by one at a time."""
    return tx.session.scalar(
        select(ReturnRow).filter_by(shop=tx.shop, return_id=return_id).with_for_update(),
        execution_options={"populate_existing": True},
    )


def get_return(tx: Tx, return_id: str) -> ReturnRow | None:
    return tx.session.get(ReturnRow, (tx.shop, return_id))


def find_twin(tx: Tx, *, return_id: str | None, reveni_return_id: str) -> ReturnRow | None:
    """Our return for a Reveni return, by the id Reveni gave or by the external id we gave."""
    return tx.session.scalar(
        select(ReturnRow).where(
            ReturnRow.shop == tx.shop,
            or_(ReturnRow.reveni_return_id == reveni_return_id, ReturnRow.return_id == (return_id or "")),
        )
    )


def lines_of(tx: Tx, return_id: str) -> list[ReturnLineRow]:
    return list(
        tx.session.scalars(
            select(ReturnLineRow).filter_by(shop=tx.shop, return_id=return_id).order_by(ReturnLineRow.id)
        )
    )


def returns(tx: Tx, *, state: str | None = None, limit: int | None = None) -> list[ReturnRow]:
    """Returns, oldest first."""
    query = (
        select(ReturnRow).filter_by(shop=tx.shop).order_by(ReturnRow.first_seen_at, ReturnRow.return_id).limit(limit)
    )
    return list(tx.session.scalars(query if state is None else query.filter_by(state=state)))


def add_event(tx: Tx, *, event_id: str, event: str, resource_id: str) -> bool:
    """Store a webhook event once; False when it was stored before."""
    if tx.session.get(EventRow, (tx.shop, event_id)) is not None:
        return False
    tx.session.add(EventRow(shop=tx.shop, event_id=event_id, event=event, resource_id=resource_id, received_at=tx.now))
    return True
