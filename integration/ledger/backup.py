"""A copy of the ledger as it stands at one moment, taken while the fleet works."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, text

from integration.errors import BackhaulError

PAGES = 2_000
"""Pages of SQLite's that are copied between two words about the progress: 8 MB."""


class BackupFailed(BackhaulError):
    """There is no backup, or none that can be trusted; the sentence says what to do."""


def back_up_sqlite(source: Path, target: Path, *, progress: Callable[[int], None]) -> int:
    """Copy the ledger into one file that needs no other beside it, and verify the copy; the bytes of it.

    The file's own copy would miss what is in the WAL, which may be all there is.

    :param progress: told how many pages are copied, of as many as `pages_of` says.
    :raises BackupFailed: the copy does not hold what the ledger held; it is taken away again.
    """
    partial = target.with_name(f"{target.name}.part")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(sqlite3.connect(source, isolation_level=None)) as ledger:
            ledger.execute("BEGIN")  # one moment for the copy and the counts, whatever is written meanwhile
            expected = _rows_by_table(ledger)
            with closing(sqlite3.connect(partial, isolation_level=None)) as copy:
                ledger.backup(copy, pages=PAGES, progress=lambda _status, left, total: progress(total - left))
                copy.execute("PRAGMA journal_mode=DELETE")  # else it would want a WAL of its own beside it
                _verify(copy, expected)
            ledger.execute("ROLLBACK")
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    except sqlite3.Error as failure:
        raise BackupFailed(f"The ledger {source} could not be copied ({failure}). No backup was made.") from None
    finally:
        partial.unlink(missing_ok=True)
    return target.stat().st_size


def pages_of(source: Path) -> int:
    """How large a SQLite ledger is, in its pages."""
    with closing(sqlite3.connect(source)) as ledger:
        return int(ledger.execute("PRAGMA page_count").fetchone()[0])


def _rows_by_table(connection: sqlite3.Connection) -> dict[str, int]:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    # The names are the database's own.
    counts = {name: f'SELECT count(*) FROM "{name}"' for (name,) in tables.fetchall()}  # noqa: S608
    return {name: connection.execute(count).fetchone()[0] for name, count in counts.items()}


def _verify(copy: sqlite3.Connection, expected: Mapping[str, int]) -> None:
    (found,) = copy.execute("PRAGMA integrity_check").fetchone()
    if found != "ok":
        raise BackupFailed(f"The copy is damaged ({found}). No backup was made: look at the disk, and try again.")
    if (rows := _rows_by_table(copy)) != expected:
        differs = sorted(name for name in {*rows, *expected} if rows.get(name) != expected.get(name))
        raise BackupFailed(f"The copy differs from the ledger in {', '.join(differs)}. No backup was made: try again.")


class PostgresBackup:
    """`pg_dump` for the database of an engine."""

    def __init__(self, engine: Engine, target: Path) -> None:
        self._engine, self._target = engine, target
        url = engine.url.set(drivername="postgresql")
        self._password = url.password
        self._address = url.set(password=None).render_as_string()

    def command(self, target: Path) -> list[str]:
        """What is run; the password goes by the environment, since everybody reads command lines."""
        return ["pg_dump", "--format=custom", f"--file={target}", f"--dbname={self._address}"]

    @property
    def shown(self) -> str:
        """The command for a person to run, without the password."""
        before = "" if self._password is None else "PGPASSWORD=*** "
        return before + shlex.join(self.command(self._target))

    def why_not(self) -> str | None:
        """Why it cannot be run here, in a sentence; None where it can."""
        if shutil.which("pg_dump") is None:
            return "There is no pg_dump on this machine's PATH."
        with self._engine.connect() as connection:
            server = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
        said = self._run(["pg_dump", "--version"]).stdout
        ours = re.search(r"(\d+)", said)
        if ours is None or int(ours[1]) < server:
            return (
                f"The pg_dump here is older ({said.strip()}) than the server ({server}), which it then does not read."
            )
        return None

    def run(self) -> int:
        """Dump into the file, readable by its owner alone; its bytes.

        :raises BackupFailed: pg_dump says no.
        """
        partial = self._target.with_name(f"{self._target.name}.part")
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            ran = self._run(self.command(partial))
            if ran.returncode != 0 or partial.stat().st_size == 0:
                words = ran.stderr.strip().splitlines()
                raise BackupFailed(f"pg_dump ended with {ran.returncode} ({words[0] if words else 'no word'}).")
            partial.replace(self._target)
        finally:
            partial.unlink(missing_ok=True)
        return self._target.stat().st_size

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **({} if self._password is None else {"PGPASSWORD": self._password})}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
