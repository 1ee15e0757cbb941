"""Column types that keep money exact and time in UTC on SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Integer, Numeric, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator, TypeEngine

from integration.errors import Held
from integration.money import MOST_DECIMALS, MOST_DIGITS, MOST_UNITS, plausible


class DoesNotFit(DontWrapMixin, Held):
    """A figure that a column cannot hold exactly. Whoever sorts figures out before they are stored never meets it;
    where one slips through, the one case is held.
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            "implausible_figure",
            f"{what} The ledger cannot hold such a figure exactly: look at the case on the side it came from, then "
            "replay when it shows another one.",
        )


class Money(TypeDecorator[Decimal]):
    """An exact amount. SQLite has no decimal type and would store REAL, so there it is text. Either database holds what
    is plausible, and nothing else: PostgreSQL would round what is finer, and refuse what is larger.
    """

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(40))
        return dialect.type_descriptor(Numeric(MOST_DIGITS + MOST_DECIMALS, MOST_DECIMALS))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not isinstance(value, Decimal):
            raise TypeError(f"money is Decimal, not {type(value).__name__}")
        if not plausible(value):
            raise DoesNotFit(f"An amount has more than {MOST_DIGITS} digits or {MOST_DECIMALS} decimals.")
        return str(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Count(TypeDecorator[int]):
    """A whole number. SQLite would store more of it than PostgreSQL, and neither without end."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        if value is not None and abs(value) > MOST_UNITS:
            raise DoesNotFit("A number of units is beyond what can be counted.")
        return value


class UtcTime(TypeDecorator[datetime]):
    """An aware instant. SQLite keeps no zone, so there it is stored as naive UTC and made aware on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time in the ledger must know its zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Document = JSON().with_variant(JSONB(), "postgresql")
"""A JSON document: evidence, plans, lists of lines. Amounts in it are strings."""
