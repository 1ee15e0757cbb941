"""What the fleet knows of itself and keeps of others' tables."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Float, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from integration.ledger.tables.base import Base, Facts


class WatermarkRow(Base):
    """How far a poll has stored everything."""

    __tablename__ = "watermarks"

    shop: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class CallRow(Base):
    """One call that counts against a published ceiling, kept as long as the longest window."""

    __tablename__ = "calls"
    __table_args__ = (Index("ix_calls_window", "shop", "operation", "at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    shop: Mapped[str]
    operation: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]


class CeilingRow(Base):
    """How an operation stands for the whole fleet: closed (a 429 said so), refused (401, 403), or failing."""

    __tablename__ = "ceilings"

    shop: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(String(40), primary_key=True)
    closed_until: Mapped[datetime | None]
    closings: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How often in a row a 429 has closed it, since a call last went through."""
    system: Mapped[str | None] = mapped_column(String(40))
    """Whose operation it is, where it was refused: `mirakl`, `reveni` or `bigcommerce`."""
    refused_since: Mapped[datetime | None]
    refused_status: Mapped[int | None]
    failing_since: Mapped[datetime | None]
    """Since when no call has had a trustworthy answer (5xx, silence)."""
    failing_told: Mapped[datetime | None]


class PollRow(Base):
    """How one poll stands: when it last began, and when it last read everything there was."""

    __tablename__ = "polls"

    shop: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    first_started_at: Mapped[datetime]
    started_at: Mapped[datetime]
    succeeded_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(Text)
    """What the last failure was, without personal data; None since it succeeded."""


class HeartbeatRow(Base):
    """The last signs of life of one worker: a queue may have several, on several hosts."""

    __tablename__ = "heartbeats"

    shop: Mapped[str] = mapped_column(primary_key=True)
    queue: Mapped[str] = mapped_column(String(40), primary_key=True)
    host: Mapped[str] = mapped_column(primary_key=True)
    pid: Mapped[int] = mapped_column(primary_key=True)
    """Of its main process."""
    seen_at: Mapped[datetime]
    """When it last showed by itself that it runs and reaches the broker and the database."""
    answered_at: Mapped[datetime | None]
    """When a task last came through the broker to it and had its effect here, or its hands were full of such tasks."""
    clock_offset: Mapped[float] = mapped_column(Float)
    """Seconds that its host's clock was ahead of the database's."""


class AlertRow(Base):
    """An alert that was given: each is given once."""

    __tablename__ = "alerts"

    shop: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    given_at: Mapped[datetime]


class ReferenceRow(Base):
    """A table of Mirakl's that changes rarely (RE01, OR75), as it was last read."""

    __tablename__ = "reference"

    shop: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    body: Mapped[Facts]
    fetched_at: Mapped[datetime]
