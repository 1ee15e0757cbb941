"""Alembic migrations of the ledger, run by `backhaul up` and by `python -m integration.ledger.migrations`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import Engine, text

FOLDER = Path(__file__).parent
LOCK = 0x6261636B6861756C
"""The advisory lock's number on PostgreSQL: "backhaul" in ASCII."""


def migrate(engine: Engine) -> None:
    """Bring the ledger to this version. Two starters at once: one migrates, the other waits and finds it done."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    if engine.dialect.name == "sqlite":
        with FileLock(f"{engine.url.database}.migrating"):
            _upgrade(engine, config)
        return
    with engine.connect() as guard:
        guard.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        try:
            _upgrade(engine, config)
        finally:
            guard.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})


def is_current(engine: Engine) -> bool:
    """Whether the ledger has this version's tables."""
    script = ScriptDirectory(str(FOLDER))
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == script.get_current_head()


def _upgrade(engine: Engine, config: Config) -> None:
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
