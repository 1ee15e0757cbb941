"""What all tables share: names of constraints, and exact types."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import MetaData, String
from sqlalchemy.orm import DeclarativeBase

from integration.ledger.columns import Count, Document, Money, UtcTime

Facts = dict[str, Any]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    # Sqlalchemy reads it once, from the class.
    type_annotation_map = {  # noqa: RUF012
        datetime: UtcTime, Decimal: Money, int: Count, Facts: Document, str: String(255),
    }  # fmt: skip
