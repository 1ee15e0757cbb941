"""How polls and operations stand, what RT11 showed, and indexes that keep figures from reading history

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integration.ledger import columns

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIMES = ("refused_since", "failing_since", "failing_told")
INDEXES = {
    "ix_orders_acknowledged_at": ("orders", ["shop", "acknowledged_at"]),
    "ix_orders_created_date": ("orders", ["shop", "created_date"]),
    "ix_intents_kind_state": ("intents", ["shop", "kind", "state"]),
    "ix_reviews_state_opened_at": ("reviews", ["shop", "state", "opened_at"]),
    "ix_refunds_refund_state": ("refunds", ["shop", "refund_state", "intent_id"]),
    "ix_refunds_intent_id": ("refunds", ["shop", "intent_id"]),
    "ix_movements_done_at": ("movements", ["shop", "done_at"]),
    "ix_movements_import_id": ("movements", ["import_id"]),
}


def upgrade() -> None:
    op.create_table(
        "polls",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("first_started_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("started_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("succeeded_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("failed_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("shop", "name", name=op.f("pk_polls")),
    )
    op.create_table(
        "return_readings",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("return_id", sa.String(length=255), nullable=False),
        sa.Column("asked_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("body", columns.Document, nullable=True),
        sa.PrimaryKeyConstraint("shop", "return_id", name=op.f("pk_return_readings")),
    )
    op.add_column("ceilings", sa.Column("closings", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("ceilings", sa.Column("system", sa.String(length=40), nullable=True))
    op.add_column("ceilings", sa.Column("refused_status", sa.Integer(), nullable=True))
    for name in TIMES:
        op.add_column("ceilings", sa.Column(name, columns.UtcTime(timezone=True), nullable=True))
    # A pause that was asked for in years is none of ours any more.
    op.execute("UPDATE ceilings SET closed_until = NULL")
    for name, (table, of) in INDEXES.items():
        op.create_index(name, table, of)


def downgrade() -> None:
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table_name=table)
    with op.batch_alter_table("ceilings", schema=None) as batch_op:
        for name in (*TIMES, "closings", "system", "refused_status"):
            batch_op.drop_column(name)
    op.drop_table("return_readings")
    op.drop_table("polls")
