"""Returns that change: tracking, lines that differ, and the mapping of each line

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integration.ledger import columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("returns", sa.Column("carrier", sa.String(length=255), nullable=True))
    op.add_column("returns", sa.Column("tracking_number", sa.String(length=255), nullable=True))
    op.add_column("returns", sa.Column("changed_lines", columns.Document, nullable=True))
    op.add_column("return_lines", sa.Column("mapping_version", sa.String(length=255), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("return_lines", schema=None) as batch_op:
        batch_op.drop_column("mapping_version")
    with op.batch_alter_table("returns", schema=None) as batch_op:
        batch_op.drop_column("changed_lines")
        batch_op.drop_column("tracking_number")
        batch_op.drop_column("carrier")
