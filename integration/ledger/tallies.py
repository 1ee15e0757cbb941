"""Figures over all of history that do not read it: what is long past is counted once and kept, the rest is read."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from math import inf
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from integration.ledger.distributions import BOUNDS, Distribution, distribution
from integration.ledger.marks import keep_reference, kept_reference
from integration.ledger.store import Tx
from integration.ledger.tables import Facts

SETTLED_AFTER = timedelta(seconds=900)
"""A moment that is longer ago is not written any more: no transaction takes so long."""


class Tally(NamedTuple):
    """How long something took, over rows that are finished and stay as they are.

    :param name: what it is kept under.
    :param moment: when a row was finished; there is an index on it.
    """

    name: str
    took: ColumnElement[float]
    moment: InstrumentedAttribute[Any]
    where: tuple[ColumnElement[bool], ...]


def total(tx: Tx, tally: Tally) -> Distribution:
    """Over all rows: what is kept, and what has come since."""
    kept, until = _kept(tx, tally)
    since = () if until is None else (tally.moment >= until,)
    return kept + distribution(tx, tally.took, *tally.where, *since, tally.moment.is_not(None))


def fold(tx: Tx, tally: Tally) -> None:
    """Count what is long past into what is kept, so that it is not read again."""
    tx.lock(f"tally:{tally.name}")
    kept, until = _kept(tx, tally)
    settled = tx.now - SETTLED_AFTER
    since = () if until is None else (tally.moment >= until,)
    counted = kept + distribution(tx, tally.took, *tally.where, *since, tally.moment < settled)
    body = {**asdict(counted), "bounds": list(BOUNDS), "until": settled.isoformat()}
    keep_reference(tx, _name(tally), body)


def _kept(tx: Tx, tally: Tally) -> tuple[Distribution, datetime | None]:
    body: Facts | None = kept_reference(tx, _name(tally), younger_than=inf)
    if body is None or body["bounds"] != list(BOUNDS):  # counted by another version: once more from the beginning
        return Distribution.nothing(), None
    kept = Distribution(tuple(body["within"]), body["count"], body["seconds"])
    return kept, datetime.fromisoformat(body["until"])


def _name(tally: Tally) -> str:
    return f"tally {tally.name}"
