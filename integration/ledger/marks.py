"""Small facts about the fleet itself: watermarks, alerts that were given, and tables of Mirakl's."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from integration.ledger.store import Tx
from integration.ledger.tables import AlertRow, Facts, ReferenceRow, WatermarkRow
from integration.ledger.upsert import put, put_new


def watermark(tx: Tx, name: str) -> datetime | None:
    """How far this poll has stored everything; None before the first time."""
    row = tx.session.get(WatermarkRow, (tx.shop, name))
    return None if row is None else row.at


def move_watermark(tx: Tx, name: str, at: datetime) -> None:
    """Move a watermark forward; it never goes back."""
    put(tx, WatermarkRow, name=name, at=at, where=WatermarkRow.at < at)


def alert_once(tx: Tx, name: str, subject: str) -> bool:
    """Whether this alert is new: True the first time, False ever after."""
    return put_new(tx, AlertRow, name=name, subject=subject, given_at=tx.now)


def lasts(tx: Tx, name: str, subject: str, *, seconds: float) -> bool:
    """Whether what is to be told was noticed so many seconds ago already; the first time, it is noticed now.

    What has gone is forgotten by `forget_alerts` under the name `{name} noticed`.
    """
    noticed = tx.session.get(AlertRow, (tx.shop, f"{name} noticed", subject))
    if noticed is None:
        put_new(tx, AlertRow, name=f"{name} noticed", subject=subject, given_at=tx.now)
        return seconds <= 0.0
    return noticed.given_at <= tx.now - timedelta(seconds=seconds)


def given_alerts(tx: Tx, name: str) -> list[str]:
    """What this alert was given for."""
    return list(tx.session.scalars(select(AlertRow.subject).filter_by(shop=tx.shop, name=name)))


def forget_alerts(tx: Tx, name: str, subjects: Collection[str]) -> None:
    """Their cause is gone: should it come back, they are given again."""
    if subjects:
        tx.session.execute(
            delete(AlertRow).where(AlertRow.shop == tx.shop, AlertRow.name == name, AlertRow.subject.in_(subjects))
        )


def alert_every(tx: Tx, name: str, *, seconds: float) -> bool:
    """Whether it is time to give this alert: never so far, or so many seconds ago. It counts as given then."""
    tx.lock(f"alert:{name}")
    row = tx.session.get(AlertRow, (tx.shop, name, ""))
    if row is not None and row.given_at > tx.now - timedelta(seconds=seconds):
        return False
    put(tx, AlertRow, name=name, subject="", given_at=tx.now)
    return True


def kept_reference(tx: Tx, name: str, *, younger_than: float) -> Facts | None:
    """A table of Mirakl's as it was read less than so many seconds ago."""
    row = tx.session.get(ReferenceRow, (tx.shop, name))
    if row is None or (tx.now - row.fetched_at).total_seconds() >= younger_than:
        return None
    return row.body


def keep_reference(tx: Tx, name: str, body: Facts) -> None:
    """Keep a table of Mirakl's as it was just read; of two who read it at once, the later one counts."""
    put(tx, ReferenceRow, name=name, body=body, fetched_at=tx.now)
