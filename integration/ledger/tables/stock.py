"""Movements of stock and the imports that carry them."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from integration.ledger.tables.base import Base


class StockImportRow(Base):
    """One STO01 file. At most one of a shop is unfinished."""

    __tablename__ = "stock_imports"
    __table_args__ = (
        Index(
            "uq_stock_imports_unfinished",
            "shop",
            unique=True,
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    shop: Mapped[str]
    mirakl_import_id: Mapped[str | None]
    status: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class MovementRow(Base):
    """Units that came back. `state`: pending, sent, done, parked, held, excluded (not to go on sale)."""

    __tablename__ = "movements"
    __table_args__ = (
        UniqueConstraint("shop", "return_id", "order_line_id", "ordinal"),
        Index("ix_movements_state_due_at", "shop", "state", "due_at"),
        Index("ix_movements_done_at", "shop", "done_at"),
        Index("ix_movements_import_id", "import_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    shop: Mapped[str]
    return_id: Mapped[str]
    order_line_id: Mapped[str]
    ordinal: Mapped[int]
    sku: Mapped[str]
    quantity: Mapped[int]
    location: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None]
    detail: Mapped[str | None] = mapped_column(Text)
    import_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("stock_imports.id"))
    returned_imports: Mapped[int] = mapped_column(default=0)
    """Imports that failed as a whole and gave this movement back."""
    parked_times: Mapped[int] = mapped_column(default=0)
    in_stock_master: Mapped[bool] = mapped_column(default=False)
    restocked_at: Mapped[datetime | None]
    """When Reveni said that these units may be sold, by its own clock; None for units that may not."""
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
