"""The ledger as it first stood

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integration.ledger import columns
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("given_at", columns.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop", "name", "subject", name=op.f("pk_alerts")),
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("at", columns.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.create_index("ix_calls_window", ["shop", "operation", "at"], unique=False)

    op.create_table(
        "ceilings",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("closed_until", columns.UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop", "operation", name=op.f("pk_ceilings")),
    )
    op.create_table(
        "events",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("event", sa.String(length=255), nullable=False),
        sa.Column("resource_id", sa.String(length=255), nullable=False),
        sa.Column("received_at", columns.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop", "event_id", name=op.f("pk_events")),
    )
    op.create_table(
        "heartbeats",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("seen_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "queue", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "intents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("group_key", sa.String(length=255), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column(
            "plan", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("absences", sa.Integer(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("created_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("due_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("rung_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("claimed_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("sent_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("lease_until", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("settled_at", columns.UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intents")),
        sa.UniqueConstraint("shop", "kind", "subject", name=op.f("uq_intents_shop_kind_subject")),
    )
    with op.batch_alter_table("intents", schema=None) as batch_op:
        batch_op.create_index("ix_intents_due", ["shop", "state", "due_at"], unique=False)
        batch_op.create_index(
            "uq_intents_in_flight",
            ["shop", "group_key"],
            unique=True,
            sqlite_where=sa.text("group_key IS NOT NULL AND state IN ('claimed', 'unknown')"),
            postgresql_where=sa.text("group_key IS NOT NULL AND state IN ('claimed', 'unknown')"),
        )

    op.create_table(
        "orders",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("order_id", sa.String(length=255), nullable=False),
        sa.Column("commercial_id", sa.String(length=255), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=True),
        sa.Column(
            "lines",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("created_date", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("deadline", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("first_seen_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=20), nullable=True),
        sa.Column("alerted_percent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "order_id", name=op.f("pk_orders")),
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index("ix_orders_state_deadline", ["shop", "state", "deadline"], unique=False)

    op.create_table(
        "reference",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column(
            "body", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("fetched_at", columns.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop", "name", name=op.f("pk_reference")),
    )
    op.create_table(
        "return_lines",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("return_id", sa.String(length=255), nullable=False),
        sa.Column("order_line_id", sa.String(length=255), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reason_code", sa.String(length=255), nullable=True),
        sa.Column("reveni_reason", sa.String(length=255), nullable=True),
        sa.Column("disposition", sa.String(length=20), nullable=True),
        sa.Column("refund_reason", sa.String(length=255), nullable=True),
        sa.Column("shipping_refund", sa.String(length=20), nullable=True),
        sa.Column("location", sa.String(length=255), nullable=True),
        sa.Column("offer_sku", sa.String(length=255), nullable=True),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("reject_reason", sa.String(length=255), nullable=True),
        sa.Column("restock", sa.Boolean(), nullable=True),
        sa.Column("restocked", sa.Integer(), nullable=True),
        sa.Column("received_sku", sa.String(length=255), nullable=True),
        sa.Column("refund_units", sa.Integer(), nullable=False),
        sa.Column("moved_units", sa.Integer(), nullable=False),
        sa.Column("sellable_units", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_lines")),
        sa.UniqueConstraint(
            "shop", "return_id", "order_line_id", name=op.f("uq_return_lines_shop_return_id_order_line_id")
        ),
    )
    op.create_table(
        "returns",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("return_id", sa.String(length=255), nullable=False),
        sa.Column("order_id", sa.String(length=255), nullable=False),
        sa.Column("commercial_id", sa.String(length=255), nullable=True),
        sa.Column("mirakl_state", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("held_reason", sa.String(length=255), nullable=True),
        sa.Column("date_created", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("last_updated", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("first_seen_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("mapping_version", sa.String(length=255), nullable=True),
        sa.Column("reveni_return_id", sa.String(length=255), nullable=True),
        sa.Column("reveni_status", sa.String(length=255), nullable=True),
        sa.Column("reveni_type", sa.String(length=255), nullable=True),
        sa.Column("reveni_mode", sa.String(length=255), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column(
            "reveni_refunds",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("verdict_at", columns.UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop", "return_id", name=op.f("pk_returns")),
        sa.UniqueConstraint("shop", "reveni_return_id", name=op.f("uq_returns_shop_reveni_return_id")),
    )
    with op.batch_alter_table("returns", schema=None) as batch_op:
        batch_op.create_index("ix_returns_state", ["shop", "state"], unique=False)

    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column(
            "evidence",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("opened_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("resolved_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(length=255), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.create_index(
            "uq_reviews_open",
            ["shop", "kind", "subject", "reason"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "stock_imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("mirakl_import_id", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=True),
        sa.Column("created_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("sent_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("finished_at", columns.UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_imports")),
    )
    with op.batch_alter_table("stock_imports", schema=None) as batch_op:
        batch_op.create_index(
            "uq_stock_imports_unfinished",
            ["shop"],
            unique=True,
            sqlite_where=sa.text("finished_at IS NULL"),
            postgresql_where=sa.text("finished_at IS NULL"),
        )

    op.create_table(
        "watermarks",
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("at", columns.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop", "name", name=op.f("pk_watermarks")),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("intent_id", sa.Uuid(), nullable=False),
        sa.Column("at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=255), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=True),
        sa.Column(
            "evidence",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["intent_id"], ["intents.id"], name=op.f("fk_journal_intent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.create_index("ix_journal_intent_id_id", ["intent_id", "id"], unique=False)

    op.create_table(
        "movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("return_id", sa.String(length=255), nullable=False),
        sa.Column("order_line_id", sa.String(length=255), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(length=255), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("location", sa.String(length=255), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("returned_imports", sa.Integer(), nullable=False),
        sa.Column("parked_times", sa.Integer(), nullable=False),
        sa.Column("in_stock_master", sa.Boolean(), nullable=False),
        sa.Column("created_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("due_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("done_at", columns.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["stock_imports.id"], name=op.f("fk_movements_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movements")),
        sa.UniqueConstraint(
            "shop",
            "return_id",
            "order_line_id",
            "ordinal",
            name=op.f("uq_movements_shop_return_id_order_line_id_ordinal"),
        ),
    )
    with op.batch_alter_table("movements", schema=None) as batch_op:
        batch_op.create_index("ix_movements_state_due_at", ["shop", "state", "due_at"], unique=False)

    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop", sa.String(length=255), nullable=False),
        sa.Column("intent_id", sa.Uuid(), nullable=True),
        sa.Column("return_id", sa.String(length=255), nullable=True),
        sa.Column("order_id", sa.String(length=255), nullable=False),
        sa.Column("order_line_id", sa.String(length=255), nullable=False),
        sa.Column("cumulative_units", sa.Integer(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("amount", columns.Money(), nullable=True),
        sa.Column("shipping_amount", columns.Money(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("mirakl_refund_id", sa.String(length=255), nullable=True),
        sa.Column("refund_state", sa.String(length=40), nullable=True),
        sa.Column(
            "calculation",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.Column("created_at", columns.UtcTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("look_at", columns.UtcTime(timezone=True), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["intent_id"], ["intents.id"], name=op.f("fk_refunds_intent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("intent_id", name=op.f("uq_refunds_intent_id")),
        sa.UniqueConstraint("shop", "mirakl_refund_id", name=op.f("uq_refunds_shop_mirakl_refund_id")),
        sa.UniqueConstraint(
            "shop",
            "return_id",
            "order_line_id",
            "cumulative_units",
            name=op.f("uq_refunds_shop_return_id_order_line_id_cumulative_units"),
        ),
    )
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.create_index("ix_refunds_look_at", ["shop", "look_at"], unique=False)
        batch_op.create_index("ix_refunds_order_id", ["shop", "order_id"], unique=False)



def downgrade() -> None:
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.drop_index("ix_refunds_order_id")
        batch_op.drop_index("ix_refunds_look_at")

    op.drop_table("refunds")
    with op.batch_alter_table("movements", schema=None) as batch_op:
        batch_op.drop_index("ix_movements_state_due_at")

    op.drop_table("movements")
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.drop_index("ix_journal_intent_id_id")

    op.drop_table("journal")
    op.drop_table("watermarks")
    with op.batch_alter_table("stock_imports", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_stock_imports_unfinished",
            sqlite_where=sa.text("finished_at IS NULL"),
            postgresql_where=sa.text("finished_at IS NULL"),
        )

    op.drop_table("stock_imports")
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_reviews_open",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.drop_table("reviews")
    with op.batch_alter_table("returns", schema=None) as batch_op:
        batch_op.drop_index("ix_returns_state")

    op.drop_table("returns")
    op.drop_table("return_lines")
    op.drop_table("reference")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index("ix_orders_state_deadline")

    op.drop_table("orders")
    with op.batch_alter_table("intents", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_intents_in_flight",
            sqlite_where=sa.text("group_key IS NOT NULL AND state IN ('claimed', 'unknown')"),
            postgresql_where=sa.text("group_key IS NOT NULL AND state IN ('claimed', 'unknown')"),
        )
        batch_op.drop_index("ix_intents_due")

    op.drop_table("intents")
    op.drop_table("heartbeats")
    op.drop_table("events")
    op.drop_table("ceilings")
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_index("ix_calls_window")

    op.drop_table("calls")
    op.drop_table("alerts")
