"""Returns, their lines, and the events that told of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from integration.ledger.columns import Document
from integration.ledger.tables.base import Base, Facts


class ReturnRow(Base):
    """A Mirakl return and its twin in Reveni. `state`: see `integration.domain.returns.state_of`."""

    __tablename__ = "returns"
    __table_args__ = (
        UniqueConstraint("shop", "reveni_return_id"),
        Index("ix_returns_state", "shop", "state"),
    )

    shop: Mapped[str] = mapped_column(primary_key=True)
    return_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str]
    commercial_id: Mapped[str | None]
    mirakl_state: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20))
    held_reason: Mapped[str | None]
    date_created: Mapped[datetime | None]
    last_updated: Mapped[datetime | None]
    first_seen_at: Mapped[datetime]
    carrier: Mapped[str | None]
    tracking_number: Mapped[str | None]
    changed_lines: Mapped[list[Any] | None] = mapped_column(Document)
    """The lines as Mirakl shows them since they changed behind the twin's back: `[{"order_line_id", "quantity",
    "reason_code"}]`, until a person has settled the difference."""
    mapping_version: Mapped[str | None]
    reveni_return_id: Mapped[str | None]
    reveni_status: Mapped[str | None]
    reveni_type: Mapped[str | None]
    reveni_mode: Mapped[str | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    reveni_refunds: Mapped[list[Any]] = mapped_column(Document, default=list)
    """What Reveni paid by itself: `[{"id", "amount", "currency", "method", "status"}]`."""
    verdict_at: Mapped[datetime | None]
    judged_before_us: Mapped[bool] = mapped_column(default=False)
    """Reveni had judged units of its twin before this ledger knew the twin: somebody else may have put them on sale."""
    taken_up_at: Mapped[datetime | None]
    """When a person last had it go on although it had ended on Mirakl: what is accepted of it is refunded and moved."""


class ReturnLineRow(Base):
    """One order line of a return: what was announced, how it was mapped, what the warehouse said."""

    __tablename__ = "return_lines"
    __table_args__ = (UniqueConstraint("shop", "return_id", "order_line_id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    shop: Mapped[str]
    return_id: Mapped[str]
    order_line_id: Mapped[str]
    quantity: Mapped[int]
    reason_code: Mapped[str | None]
    reveni_reason: Mapped[str | None]
    disposition: Mapped[str | None] = mapped_column(String(20))
    refund_reason: Mapped[str | None]
    shipping_refund: Mapped[str | None] = mapped_column(String(20))
    location: Mapped[str | None]
    mapping_version: Mapped[str | None]
    """Of the tables that this line's reasons were mapped with; what they said then holds to its end."""
    offer_sku: Mapped[str | None]
    accepted: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    reject_reason: Mapped[str | None]
    restock: Mapped[bool | None]
    restocked: Mapped[int | None]
    received_sku: Mapped[str | None]
    refund_units: Mapped[int] = mapped_column(default=0)
    """Accepted units for which a refund is decided."""
    moved_units: Mapped[int] = mapped_column(default=0)
    """Accepted units for which there is a movement."""
    sellable_units: Mapped[int] = mapped_column(default=0)
    """Units of those that go back on sale."""


class ReadingRow(Base):
    """What RT11 last showed of a return while a step of it had an unknown outcome: what the outcome is settled by."""

    __tablename__ = "return_readings"

    shop: Mapped[str] = mapped_column(primary_key=True)
    return_id: Mapped[str] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime]
    """When the call was about to be made: whatever had its effect before then is in the answer."""
    body: Mapped[Facts | None]
    """The return as far as steps look at it; None where RT11 was asked for it and did not show it."""


class EventRow(Base):
    """A webhook event that was acknowledged with a 202. Its body is not kept: it may hold personal data."""

    __tablename__ = "events"

    shop: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    event: Mapped[str]
    resource_id: Mapped[str]
    received_at: Mapped[datetime]
