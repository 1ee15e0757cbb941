"""Alembic's entry point: the connection comes from `integration.ledger.migrations.migrate`."""

from __future__ import annotations

from alembic import context

from integration.ledger.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    user_module_prefix="columns.",
)
context.run_migrations()
