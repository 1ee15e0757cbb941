"""The tables. Every row carries its shop; money is exact; an open row has a state and a reason.

`intents` is the heart: one row for each thing Backhaul has promised to do to another system (or to read from it), with
the claim that keeps it from being done twice. The other tables hold the facts that those intents are about.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, MetaData, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from integration.ledger.columns import Document, Money, UtcTime

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
    type_annotation_map = {datetime: UtcTime, Decimal: Money, Facts: Document, str: String(255)}  # noqa: RUF012


class Intent(Base):
    """One promise: `decided → claimed → confirmed`, or `unknown` (only reading settles it), `held`, `dropped`."""

    __tablename__ = "intents"
    __table_args__ = (
        UniqueConstraint("shop", "kind", "subject"),
        Index("ix_intents_due", "shop", "state", "due_at"),
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
    """Append-only: each transition of an intent, with who, when and the evidence. Replayed, it gives today's state."""

    __tablename__ = "journal"
    __table_args__ = (Index("ix_journal_intent_id_id", "intent_id", "id"),)

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


class OrderRow(Base):
    """An order of the shop, without personal data. `state`: waiting, acknowledged, missed, held."""

    __tablename__ = "orders"
    __table_args__ = (Index("ix_orders_state_deadline", "shop", "state", "deadline"),)

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
    mapping_version: Mapped[str | None]
    reveni_return_id: Mapped[str | None]
    reveni_status: Mapped[str | None]
    reveni_type: Mapped[str | None]
    reveni_mode: Mapped[str | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    reveni_refunds: Mapped[list[Any]] = mapped_column(Document, default=list)
    """What Reveni paid by itself: `[{"id", "amount", "currency", "method", "status"}]`."""
    verdict_at: Mapped[datetime | None]


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


class RefundRow(Base):
    """A refund of ours (its state is its intent's) or, without an intent, one that others made: *external*."""

    __tablename__ = "refunds"
    __table_args__ = (
        UniqueConstraint("shop", "return_id", "order_line_id", "cumulative_units"),
        UniqueConstraint("shop", "mirakl_refund_id"),
        Index("ix_refunds_look_at", "shop", "look_at"),
        Index("ix_refunds_order_id", "shop", "order_id"),
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
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class EventRow(Base):
    """A webhook event that was acknowledged with a 202. Its body is not kept: it may hold personal data."""

    __tablename__ = "events"

    shop: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    event: Mapped[str]
    resource_id: Mapped[str]
    received_at: Mapped[datetime]


class ReviewRow(Base):
    """One case that waits for a person. `kind`: order, return, refund, stock, event."""

    __tablename__ = "reviews"
    __table_args__ = (
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
    """Whether an operation is closed for the whole fleet (a 429 said so); also the row its callers lock."""

    __tablename__ = "ceilings"

    shop: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(String(40), primary_key=True)
    closed_until: Mapped[datetime | None]


class HeartbeatRow(Base):
    """The last time a task came through the broker to a queue's worker and had its effect here."""

    __tablename__ = "heartbeats"

    shop: Mapped[str] = mapped_column(primary_key=True)
    queue: Mapped[str] = mapped_column(String(40), primary_key=True)
    seen_at: Mapped[datetime]
    host: Mapped[str]
    pid: Mapped[int]


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


class TransactionRow(Base):
    """One line of the seller's account (TL02), as last read: it changes while it is billed and paid.

    `refund_id` is Mirakl's; `billed_at` is when the line was first seen in its cycle, for as long as SBC11 has not
    shown when that cycle was made.
    """

    __tablename__ = "transactions"
    __table_args__ = (
        Index("ix_transactions_refund_id", "shop", "refund_id"),
        Index("ix_transactions_cycle_id", "shop", "cycle_id"),
    )

    shop: Mapped[str] = mapped_column(primary_key=True)
    transaction_id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(3))
    date_created: Mapped[datetime]
    last_updated: Mapped[datetime]
    payment_state: Mapped[str | None] = mapped_column(String(40))
    cycle_id: Mapped[str | None]
    billed_at: Mapped[datetime | None]
    document_number: Mapped[str | None]
    order_id: Mapped[str | None]
    order_line_id: Mapped[str | None]
    refund_id: Mapped[str | None]
    tax_code: Mapped[str | None]


class CycleRow(Base):
    """A billing cycle and its payout (SBC11)."""

    __tablename__ = "billing_cycles"

    shop: Mapped[str] = mapped_column(primary_key=True)
    cycle_id: Mapped[str] = mapped_column(primary_key=True)
    date_created: Mapped[datetime | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    transferred: Mapped[Decimal | None]
    """To the seller; what stayed with the operator is in the lines."""
    payout_state: Mapped[str | None] = mapped_column(String(40))
    payout_reference: Mapped[str | None]
    payout_date: Mapped[datetime | None]
    payout_failure: Mapped[str | None]


class DocumentRow(Base):
    """An accounting document (IV01), whether automatic or manual."""

    __tablename__ = "accounting_documents"
    __table_args__ = (Index("ix_accounting_documents_cycle_id", "shop", "cycle_id"),)

    shop: Mapped[str] = mapped_column(primary_key=True)
    invoice_id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str | None] = mapped_column(String(40))
    date_created: Mapped[datetime | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    excluding_taxes: Mapped[Decimal | None]
    including_taxes: Mapped[Decimal | None]
    cycle_id: Mapped[str | None]
    payment_state: Mapped[str | None] = mapped_column(String(40))
    payment_reference: Mapped[str | None]


class AccountReadRow(Base):
    """How reading one part of the account (TL02, SBC11, IV01) stands: who reads it now, and what came of it."""

    __tablename__ = "account_reads"

    shop: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(String(40), primary_key=True)
    lease_until: Mapped[datetime | None]
    complete_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    refusal: Mapped[str | None] = mapped_column(Text)
    """Why the key was turned away; None once it was let in."""


class SightingRow(Base):
    """Whether OR11 shows a confirmed refund of ours that is in no billing cycle."""

    __tablename__ = "refund_sightings"

    shop: Mapped[str] = mapped_column(primary_key=True)
    refund_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("refunds.id"), primary_key=True)
    looked_at: Mapped[datetime]
    on_mirakl: Mapped[bool]
