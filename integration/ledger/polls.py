"""How each poll stands: when it last began, when it last read everything, and what kept it from that since."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select

from integration.ledger.store import Tx
from integration.ledger.tables import AccountReadRow, PollRow

ACCOUNT = "ingest_transactions"
"""The poll whose completeness the account itself keeps (TL02)."""


class PollAge(NamedTuple):
    """Of one poll.

    :param seconds: since it last read everything there was, or, where it never did, since it first tried; by the
        database's clock.
    :param failure: what kept it from that since; None where nothing is known to.
    """

    name: str
    seconds: float
    failure: str | None


def due_in(tx: Tx, name: str, *, period: float) -> float:
    """Seconds until the poll may begin again; 0.0 when now."""
    row = tx.session.get(PollRow, (tx.shop, name))
    if row is None:
        return 0.0
    # A start that lies ahead was written before the clock was set back.
    waited = max(0.0, (tx.now - row.started_at).total_seconds())
    return max(0.0, period - waited)


def begin_poll(tx: Tx, name: str, *, period: float = 0.0) -> bool:
    """Whether the poll is due; it has begun then. Of several who ask at once, one begins."""
    tx.lock(f"poll:{name}")
    if due_in(tx, name, period=period) > 0.0:
        return False
    row = tx.session.get(PollRow, (tx.shop, name), populate_existing=True)
    if row is None:
        tx.session.add(PollRow(shop=tx.shop, name=name, first_started_at=tx.now, started_at=tx.now))
    else:
        row.started_at = tx.now
    return True


def poll_succeeded(tx: Tx, name: str) -> None:
    """It has read everything there was."""
    row = tx.session.get(PollRow, (tx.shop, name))
    if row is not None:
        row.succeeded_at, row.failed_at, row.failure = tx.now, None, None


def poll_failed(tx: Tx, name: str, failure: str) -> None:
    """It has not. `failure` holds no personal data."""
    row = tx.session.get(PollRow, (tx.shop, name))
    if row is not None:
        row.failed_at, row.failure = tx.now, failure


def poll_ages(tx: Tx) -> list[PollAge]:
    """Of every poll that was ever begun, by name."""
    rows = tx.session.scalars(select(PollRow).where(PollRow.shop == tx.shop).order_by(PollRow.name)).all()
    account = tx.session.get(AccountReadRow, (tx.shop, "TL02"))
    return [_age(tx, row, account) for row in rows]


def _age(tx: Tx, row: PollRow, account: AccountReadRow | None) -> PollAge:
    complete, failure = row.succeeded_at, row.failure
    if row.name == ACCOUNT and account is not None:
        complete, failure = account.complete_at, account.refusal or failure
    since = complete or row.first_started_at
    return PollAge(row.name, max(0.0, (tx.now - since) / timedelta(seconds=1)), failure)
