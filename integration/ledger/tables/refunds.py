"""Refunds."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from integration.ledger.tables.base import Base, Facts


class RefundRow(Base):
    """A refund of ours (its state is its intent's) or, without an intent, one that others made: *external*."""

    __tablename__ = "refunds"
    __table_args__ = (
        UniqueConstraint("shop", "return_id", "order_line_id", "cumulative_units"),
        UniqueConstraint("shop", "mirakl_refund_id"),
        Index("ix_refunds_look_at", "shop", "look_at"),
        Index("ix_refunds_order_id", "shop", "order_id"),
        Index("ix_refunds_refund_state", "shop", "refund_state", "intent_id"),
        Index("ix_refunds_intent_id", "shop", "intent_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    shop: Mapped[str]
    intent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("intents.id"), unique=True)
    return_id: Mapped[str | None]
    order_id: Mapped[str]
    order_line_id: Mapped[str]
    cumulative_units: Mapped[int | None]
    quantity: Mapped[int | None]
    amount: Mapped[Decimal | None]
    shipping_amount: Mapped[Decimal | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    mirakl_refund_id: Mapped[str | None]
    refund_state: Mapped[str | None] = mapped_column(String(40))
    """Mirakl's: WAITING_REFUND, WAITING_REFUND_PAYMENT, REFUNDED."""
    calculation: Mapped[Facts | None]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    looks: Mapped[int] = mapped_column(default=0)
