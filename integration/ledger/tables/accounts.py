"""The seller's account with Mirakl."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from integration.ledger.tables.base import Base


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
