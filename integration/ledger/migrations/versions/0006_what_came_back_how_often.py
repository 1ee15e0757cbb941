"""What sent an intent back, and how often in a row

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integration.ledger import columns

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # With a default for the rows that are there: a counter that begins at nothing asks a person later, never earlier.
    op.add_column("intents", sa.Column("repeats", columns.Document, nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("intents", "repeats")
