"""`backup`: a copy of one moment, taken while others write."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest

from integration.ledger.backup import PostgresBackup
from integration.ledger.engine import make_engine
from integration.ledger.intents import decide
from integration.ledger.store import Ledger
from integration.urls import masked
from tests.servers import postgres_programs
from tests.unit.cli.conftest import Backhaul


def rows(file: Path) -> tuple[int, int]:
    """Intents, and the journal's entries: one for each."""
    with closing(sqlite3.connect(file)) as copy:
        return (
            copy.execute("SELECT count(*) FROM intents").fetchone()[0],
            copy.execute("SELECT count(*) FROM journal").fetchone()[0],
        )


def test_a_backup_is_of_one_moment_while_others_write(backhaul: Backhaul, ledger: Ledger, tmp_path: Path) -> None:
    """M2: the ledger's file alone holds nothing, all is in its WAL; the backup holds it all and needs no other file."""
    file, stop = tmp_path / "ledger.backup", threading.Event()

    def write() -> None:
        number = 0
        while not stop.wait(0.002):
            with ledger.write() as tx:
                for _ in range(5):
                    decide(tx, "read_verdict", f"e{(number := number + 1)}")

    with ledger.write() as tx:
        decide(tx, "read_verdict", "before")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        results = [backhaul("backup", file, "--force") for _ in range(3)]
    finally:
        stop.set()
        writer.join()
    assert [result.exit_code for result in results] == [0, 0, 0], results[0].output
    assert "verified" in results[0].output
    intents, journal = rows(file)
    assert (intents == journal, intents % 5) == (True, 1)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.glob("ledger.backup*")] == ["ledger.backup"]


def test_a_file_that_is_there_is_not_overwritten(backhaul: Backhaul, ledger: Ledger, tmp_path: Path) -> None:
    """M2: yesterday's backup is not lost by a typing error."""
    (tmp_path / "yesterday").write_text("precious")
    refused = backhaul("backup", tmp_path / "yesterday")
    assert (refused.exit_code, "--force" in refused.output) == (1, True)
    assert (tmp_path / "yesterday").read_text() == "precious"
    assert backhaul("backup", tmp_path / "nowhere" / "file").exit_code == 1


class TestOnPostgresql:
    @pytest.fixture
    def ledger_url(self, postgres_url: str) -> str:
        return postgres_url

    def test_a_dump_can_be_restored(
        self, backhaul: Backhaul, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """M2: pg_dump of the server's version is run, and what it made is a whole ledger."""
        monkeypatch.setenv("PATH", f"{postgres_programs()}{os.pathsep}{os.environ['PATH']}")
        with ledger.write() as tx:
            decide(tx, "read_verdict", "before")
        file = tmp_path / "ledger.dump"
        result = backhaul("backup", file)
        assert result.exit_code == 0, result.output
        assert file.stat().st_mode & 0o777 == 0o600
        listed = subprocess.run(["pg_restore", "--list", file], capture_output=True, text=True, check=True)
        assert "TABLE DATA public journal" in listed.stdout

    def test_without_pg_dump_the_command_is_told_without_the_password(
        self, backhaul: Backhaul, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """M2: exit 1, and the very command for a machine that has one."""
        monkeypatch.setenv("PATH", str(tmp_path))
        refused = backhaul("backup", tmp_path / "file")
        assert refused.exit_code == 1
        assert "pg_dump --format=custom --file=" in refused.output
        engine = make_engine("postgresql+psycopg://backhaul:hush@db.example/ledger")
        shown = PostgresBackup(engine, tmp_path / "file").shown
        assert shown.startswith("PGPASSWORD=*** pg_dump")
        assert "hush" not in shown
        assert masked(shown) == shown
