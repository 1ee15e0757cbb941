"""Alembic migrations of the ledger, run by `backhaul up` and by `python -m integration.ledger.migrations`."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock
from sqlalchemy import Connection, Engine, inspect, text

from integration.errors import BackhaulError

FOLDER = Path(__file__).parent
REVISIONS = frozenset(script.name.partition("_")[0] for script in FOLDER.glob("versions/[0-9]*.py"))
"""A migration's file begins with its revision, and revisions count up."""
HEAD = max(REVISIONS)
"""This version's tables."""
LOCK = 0x6261636B6861756C
"""The advisory lock's number on PostgreSQL: "backhaul" in ASCII."""


class LedgerTooNew(BackhaulError):
    """A newer version of Backhaul has worked with this ledger."""


def migrate(engine: Engine) -> None:
    """Bring the ledger to this version. Two starters at once: one migrates, the other waits and finds it done.

    :raises LedgerTooNew: nothing was changed.
    """
    if engine.dialect.name == "sqlite":
        with FileLock(f"{engine.url.database}.migrating", mode=0o600), engine.begin() as connection:
            _upgrade(connection)
        return
    with engine.begin() as connection:
        # Held until the commit: behind a pooler, the next transaction may be in another session.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        _upgrade(connection)


def is_current(engine: Engine) -> bool:
    """Whether the ledger has this version's tables.

    :raises LedgerTooNew: it has those of a newer version.
    """
    with engine.connect() as connection:
        return _is_current(connection)


def _is_current(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return False
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    if newer := [revision for revision in found if revision not in REVISIONS]:
        raise LedgerTooNew(
            f"The ledger is of a newer version of Backhaul: its tables are those of revision {', '.join(newer)}, "
            f"and this version knows them up to {HEAD}. Nothing was changed. "
            "Install the newer version again, or restore the backup that was made before it was installed."
        )
    return list(found) == [HEAD]


def _upgrade(connection: Connection) -> None:
    if _is_current(connection):
        return
    # Only who migrates pays for Alembic: 9 MB of memory, and 0.2 s at the start of every command.
    from alembic import command  # noqa: PLC0415 - loaded only when something is migrated
    from alembic.config import Config  # noqa: PLC0415 - loaded only when something is migrated

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
