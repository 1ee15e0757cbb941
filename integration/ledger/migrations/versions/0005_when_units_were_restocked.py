"""When units were restocked

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integration.ledger import columns

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("movements", sa.Column("restocked_at", columns.UtcTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("movements", "restocked_at")
