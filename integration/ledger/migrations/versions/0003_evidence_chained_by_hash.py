"""Evidence chained by hash

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chain_heads",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("shop", name=op.f("pk_chain_heads")),
    )
    op.add_column("journal", sa.Column("link", sa.Integer(), nullable=True))
    op.add_column("journal", sa.Column("previous_hash", sa.String(length=64), nullable=True))
    op.add_column("journal", sa.Column("hash", sa.String(length=64), nullable=True))
    op.create_index("uq_journal_link", "journal", ["shop", "link"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_journal_link", "journal")
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.drop_column("hash")
        batch_op.drop_column("previous_hash")
        batch_op.drop_column("link")
    op.drop_table("chain_heads")
