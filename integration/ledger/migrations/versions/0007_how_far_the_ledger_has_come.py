"""How far the ledger has come

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integration.ledger import columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "standings",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("ledger_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("last_send", sa.Uuid(), nullable=True),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("since", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("gap_from", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("mark_seen", columns.Document, nullable=True),
        sa.Column("returns_read_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("verdicts_read_at", columns.UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop", name=op.f("pk_standings")),
    )


def downgrade() -> None:
    op.drop_table("standings")
