"""How long something took, counted by the database into the buckets of a histogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, case, cast, extract, func, select
from sqlalchemy.orm import InstrumentedAttribute

from integration.ledger.store import Tx

BOUNDS = (1, 2, 5, 10, 30, 60, 75, 120, 300, 900, 3_600, 14_400, 43_200, 86_400)
"""Seconds, with a bound where something is promised: 75 s from order to acknowledgement, 24 h to the deadline."""


@dataclass(frozen=True)
class Distribution:
    """How long something took.

    :param within: for each of `BOUNDS`, how many took so long or less.
    :param seconds: the sum of all.
    """

    within: tuple[int, ...]
    count: int
    seconds: float

    @classmethod
    def nothing(cls) -> Distribution:
        return cls((0,) * len(BOUNDS), 0, 0.0)

    def __add__(self, other: Distribution) -> Distribution:
        """Both together."""
        within = tuple(ours + theirs for ours, theirs in zip(self.within, other.within, strict=True))
        return Distribution(within, self.count + other.count, self.seconds + other.seconds)


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
