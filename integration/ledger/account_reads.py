"""How far the seller's account was read, by whom, and whether the key was let in."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from integration.ledger.store import Tx
from integration.ledger.tables import AccountReadRow


def account_read(tx: Tx, operation: str) -> AccountReadRow:
    """How reading this operation stands, as it is now; a row that changes nothing where it was never read."""
    row = tx.session.get(AccountReadRow, (tx.shop, operation))
    return row or AccountReadRow(shop=tx.shop, operation=operation)


def refusals(tx: Tx) -> dict[str, str]:
    """Why the key was turned away, by operation, for those where it was at the last attempt."""
    rows = tx.session.scalars(
        select(AccountReadRow)
        .where(AccountReadRow.shop == tx.shop, AccountReadRow.refusal.is_not(None))
        .order_by(AccountReadRow.operation)
    )
    return {row.operation: row.refusal or "" for row in rows}


def begin_read(tx: Tx, operation: str, *, lease: float) -> bool:
    """Whether the operation is ours to read for so many seconds: two readers would fetch the same pages twice."""
    row = _locked(tx, operation)
    if row.lease_until is not None and row.lease_until > tx.now:
        return False
    row.lease_until = tx.now + timedelta(seconds=lease)
    return True


def renew_read(tx: Tx, operation: str, *, lease: float) -> None:
    _locked(tx, operation).lease_until = tx.now + timedelta(seconds=lease)


def end_read(tx: Tx, operation: str, *, complete: bool, refusal: str | None = None) -> None:
    """Let others read.

    :param complete: it was read to its end.
    :param refusal: the key was turned away, in a sentence that says what to do.
    """
    row = _locked(tx, operation)
    row.lease_until = None
    if refusal is not None:
        row.refusal, row.refused_at = refusal, tx.now
    if complete:
        row.refusal, row.refused_at, row.complete_at = None, None, tx.now


def _locked(tx: Tx, operation: str) -> AccountReadRow:
    tx.lock(f"account_read:{operation}")
    row = tx.session.get(AccountReadRow, (tx.shop, operation), populate_existing=True)
    if row is None:
        row = AccountReadRow(shop=tx.shop, operation=operation)
        tx.session.add(row)
    return row
