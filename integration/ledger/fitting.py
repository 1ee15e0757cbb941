"""Whether a row can be stored, by what its columns hold on either database: asked before, so that one row that cannot
stops no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import String

from integration.ledger.tables import Base
from integration.money import MOST_UNITS, plausible


def row_misfits(table: type[Base], row: Mapping[str, Any]) -> list[str]:
    """The columns of which the row's value cannot be stored as it is; their names and how, without the values."""
    found = (
        (name, _misfit(nullable, longest, row[name])) for name, nullable, longest in _columns(table) if name in row
    )
    return [f"{name} {misfit}" for name, misfit in found if misfit is not None]


@cache
def _columns(table: type[Base]) -> list[tuple[str, bool, int | None]]:
    """Name, whether it may be empty, and how many characters it takes where that is bounded."""
    columns = table.__table__.columns
    return [
        (one.name, bool(one.nullable), one.type.length if isinstance(one.type, String) else None) for one in columns
    ]


def _misfit(nullable: bool, longest: int | None, value: Any) -> str | None:
    match value:
        case None:
            return None if nullable else "is missing"
        case Decimal():
            return None if plausible(value) else "is no plausible amount"
        case bool():
            return None
        case int():
            return None if abs(value) <= MOST_UNITS else "is no plausible number"
        case str():
            return _text_misfit(longest, value)
        case datetime():
            return _time_misfit(value)
    return None


def _text_misfit(longest: int | None, text: str) -> str | None:
    if longest is not None and len(text) > longest:
        return f"is longer than {longest} characters"
    try:
        storable = "\x00" not in text and (text.isascii() or bool(text.encode()))
    except UnicodeEncodeError:  # half of a character
        storable = False
    return None if storable else "holds a character that cannot be stored"


def _time_misfit(moment: datetime) -> str | None:
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return "is beyond the calendar"
    return None
