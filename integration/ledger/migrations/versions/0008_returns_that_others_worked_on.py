"""Returns that others worked on

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integration.ledger import columns

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("returns", sa.Column("judged_before_us", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("returns", sa.Column("taken_up_at", columns.UtcTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("returns", "taken_up_at")
    op.drop_column("returns", "judged_before_us")
