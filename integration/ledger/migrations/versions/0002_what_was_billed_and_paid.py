"""What was billed and paid

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integration.ledger import columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_reads",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("lease_until", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("complete_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("refused_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("shop", "operation", name=op.f("pk_account_reads")),
    )
    op.create_table(
        "accounting_documents",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("invoice_id", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=True),
        sa.Column("date_created", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("excluding_taxes", columns.Money(), nullable=True),
        sa.Column("including_taxes", columns.Money(), nullable=True),
        sa.Column("cycle_id", sa.String(length=255), nullable=True),
        sa.Column("payment_state", sa.String(length=40), nullable=True),
        sa.Column("payment_reference", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("shop", "invoice_id", name=op.f("pk_accounting_documents")),
    )
    with op.batch_alter_table("accounting_documents", schema=None) as batch_op:
        batch_op.create_index("ix_accounting_documents_cycle_id", ["shop", "cycle_id"], unique=False)

    op.create_table(
        "billing_cycles",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("cycle_id", sa.String(length=255), nullable=False),
        sa.Column("date_created", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("transferred", columns.Money(), nullable=True),
        sa.Column("payout_state", sa.String(length=40), nullable=True),
        sa.Column("payout_reference", sa.String(length=255), nullable=True),
        sa.Column("payout_date", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("payout_failure", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("shop", "cycle_id", name=op.f("pk_billing_cycles")),
    )
    op.create_table(
        "transactions",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("transaction_id", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=255), nullable=False),
        sa.Column("amount", columns.Money(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("date_created", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("last_updated", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("payment_state", sa.String(length=40), nullable=True),
        sa.Column("cycle_id", sa.String(length=255), nullable=True),
        sa.Column("billed_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("document_number", sa.String(length=255), nullable=True),
        sa.Column("order_id", sa.String(length=255), nullable=True),
        sa.Column("order_line_id", sa.String(length=255), nullable=True),
        sa.Column("refund_id", sa.String(length=255), nullable=True),
        sa.Column("tax_code", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("shop", "transaction_id", name=op.f("pk_transactions")),
    )
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.create_index("ix_transactions_cycle_id", ["shop", "cycle_id"], unique=False)
        batch_op.create_index("ix_transactions_refund_id", ["shop", "refund_id"], unique=False)

    op.create_table(
        "refund_sightings",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("looked_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("on_mirakl", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_refund_sightings_refund_id")),
        sa.PrimaryKeyConstraint("shop", "refund_id", name=op.f("pk_refund_sightings")),
    )


def downgrade() -> None:
    op.drop_table("refund_sightings")
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.drop_index("ix_transactions_refund_id")
        batch_op.drop_index("ix_transactions_cycle_id")

    op.drop_table("transactions")
    op.drop_table("billing_cycles")
    with op.batch_alter_table("accounting_documents", schema=None) as batch_op:
        batch_op.drop_index("ix_accounting_documents_cycle_id")

    op.drop_table("accounting_documents")
    op.drop_table("account_reads")
