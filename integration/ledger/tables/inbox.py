"""The review inbox."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from integration.ledger.tables.base import Base, Facts


class ReviewRow(Base):
    """One case that waits for a person. `kind`: order, return, refund, stock, event."""

    __tablename__ = "reviews"
    __table_args__ = (
        Index("ix_reviews_state_opened_at", "shop", "state", "opened_at"),
        Index(
            "uq_reviews_open",
            "shop",
            "kind",
            "subject",
            "reason",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    shop: Mapped[str]
    kind: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str]
    reason: Mapped[str]
    detail: Mapped[str] = mapped_column(Text)
    evidence: Mapped[Facts] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(20), default="open")
    opened_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    resolution: Mapped[str | None] = mapped_column(Text)
