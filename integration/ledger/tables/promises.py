"""What Backhaul has promised, and what happened to it."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from integration.ledger.tables.base import Base, Facts


class Intent(Base):
    """One promise: `decided → claimed → confirmed`, or `unknown` (only reading settles it), `held`, `dropped`."""

    __tablename__ = "intents"
    __table_args__ = (
        UniqueConstraint("shop", "kind", "subject"),
        Index("ix_intents_due", "shop", "state", "due_at"),
        Index("ix_intents_kind_state", "shop", "kind", "state"),
        # One call in flight for each group (an order's refunds, a shop's stock imports): the database says so.
        Index(
            "uq_intents_in_flight",
            "shop",
            "group_key",
            unique=True,
            sqlite_where=text("group_key IS NOT NULL AND state IN ('claimed', 'unknown')"),
            postgresql_where=text("group_key IS NOT NULL AND state IN ('claimed', 'unknown')"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    shop: Mapped[str]
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str]
    group_key: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None]
    detail: Mapped[str | None] = mapped_column(Text)
    plan: Mapped[Facts] = mapped_column(default=dict)
    """What is asked for, frozen when decided, and what is about to be sent, written before the first byte."""
    token: Mapped[int] = mapped_column(default=0)
    """The fence: it grows with every claim, and only the holder of the newest may write."""
    attempts: Mapped[int] = mapped_column(default=0)
    """How often it was claimed, for whatever that came to: nothing that is decided or said may rest on it."""
    repeats: Mapped[Facts] = mapped_column(default=dict)
    """`{reason: times}`: how often each reason has sent it back in a row, that is since the last step that went well
    (`integration.usecases.repeats`). Refusals, errors and looks are counted here, each apart."""
    sends: Mapped[int] = mapped_column(default=0)
    absences: Mapped[int] = mapped_column(default=0)
    """Complete read-backs in a row that did not find the effect of the last sending."""
    urgent: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    rung_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]


class JournalEntry(Base):
    """Append-only: each transition of an intent, with who, when and the evidence. Replayed, it gives today's state.

    `link`, `previous_hash` and `hash` are the entry's seal in the shop's chain, for kinds that are sealed.
    """

    __tablename__ = "journal"
    __table_args__ = (
        Index("ix_journal_intent_id_id", "intent_id", "id"),
        Index("uq_journal_link", "shop", "link", unique=True),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    shop: Mapped[str]
    intent_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("intents.id"))
    at: Mapped[datetime]
    who: Mapped[str]
    token: Mapped[int]
    from_state: Mapped[str | None] = mapped_column(String(20))
    to_state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None]
    evidence: Mapped[Facts] = mapped_column(default=dict)
    link: Mapped[int | None]
    previous_hash: Mapped[str | None] = mapped_column(String(64))
    hash: Mapped[str | None] = mapped_column(String(64))


class ChainHeadRow(Base):
    """How many entries a shop's chain has, and the newest one's hash: without it, a chain cut short would not show."""

    __tablename__ = "chain_heads"

    shop: Mapped[str] = mapped_column(primary_key=True)
    length: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
