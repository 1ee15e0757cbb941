"""Alembic migrations of the ledger, run by `backhaul up` and by `python -m integration.ledger.migrations`."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock
from sqlalchemy import Engine, inspect, text

FOLDER = Path(__file__).parent
HEAD = max(script.name for script in FOLDER.glob("versions/[0-9]*.py")).partition("_")[0]
"""This version's tables: a migration's file begins with its revision, and revisions count up."""
LOCK = 0x6261636B6861756C
"""The advisory lock's number on PostgreSQL: "backhaul" in ASCII."""


def migrate(engine: Engine) -> None:
    """Bring the ledger to this version. Two starters at once: one migrates, the other waits and finds it done."""
    if engine.dialect.name == "sqlite":
        with FileLock(f"{engine.url.database}.migrating"):
            _upgrade(engine)
        return
    with engine.connect() as guard:
        guard.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        try:
            _upgrade(engine)
        finally:
            guard.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})


def is_current(engine: Engine) -> bool:
    """Whether the ledger has this version's tables."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [HEAD]


def _upgrade(engine: Engine) -> None:
    if is_current(engine):
        return
    # Only who migrates pays for Alembic: 9 MB of memory, and 0.2 s at the start of every command.
    from alembic import command  # noqa: PLC0415 - loaded only when something is migrated
    from alembic.config import Config  # noqa: PLC0415 - loaded only when something is migrated

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
