"""Orders."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from integration.ledger.columns import Document
from integration.ledger.tables.base import Base


class OrderRow(Base):
    """An order of the shop, without personal data. `state`: waiting, acknowledged, missed, held."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_state_deadline", "shop", "state", "deadline"),
        Index("ix_orders_acknowledged_at", "shop", "acknowledged_at"),
        Index("ix_orders_created_date", "shop", "created_date"),
    )

    shop: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(primary_key=True)
    commercial_id: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None]
    lines: Mapped[list[Any]] = mapped_column(Document)
    """`[{"order_line_id", "offer_sku"}]`: all lines, since OR21 wants every one of them."""
    created_date: Mapped[datetime]
    deadline: Mapped[datetime]
    first_seen_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(20))
    alerted_percent: Mapped[int] = mapped_column(default=0)
