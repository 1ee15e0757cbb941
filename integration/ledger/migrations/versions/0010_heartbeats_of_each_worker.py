"""Heartbeats of each worker

Revision ID: 0010
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integration.ledger import columns

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nothing is carried over: a worker shows itself again within seconds.
    op.drop_table("heartbeats")
    op.create_table(
        "heartbeats",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("seen_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("answered_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("clock_offset", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "queue", "host", "pid", name=op.f("pk_heartbeats")),
    )


def downgrade() -> None:
    op.drop_table("heartbeats")
    op.create_table(
        "heartbeats",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("seen_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "queue", name=op.f("pk_heartbeats")),
    )
