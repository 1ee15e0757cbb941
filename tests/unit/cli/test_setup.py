"""What is wrong with the setup is said in a sentence, with exit code 2 and never with a traceback."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from integration.cli import session
from integration.ledger.store import Ledger
from tests.unit.cli.conftest import Backhaul

LISTINGS = [("status",), ("orders", "list"), ("returns", "list"), ("refunds", "list"), ("stock", "list"),
            ("review", "list")]  # fmt: skip


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_missing_settings_are_all_named(backhaul: Backhaul, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIRAKL_API_KEY")
    monkeypatch.setenv("REVENI_BASE_URL", "nowhere")
    for words in [*LISTINGS, ("check",), ("mappings", "check"), ("webhooks", "list"), ("replay", "order", "O-1")]:
        result = backhaul(*words)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "MIRAKL_API_KEY is missing" in result.stderr
        assert "REVENI_BASE_URL is not usable" in result.stderr


@pytest.mark.parametrize("words", LISTINGS[1:])
def test_a_database_that_does_not_answer_is_named_without_its_password(
    backhaul: Backhaul, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://fleet:hunter2@127.0.0.1:{free_port()}/ledger")
    result = backhaul(*words)
    assert result.exit_code == 2
    assert "does not answer" in result.stderr
    assert "hunter2" not in result.output


def test_a_file_that_is_no_database_is_named(
    backhaul: Backhaul, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.txt").write_text("buy milk " * 1_000)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'notes.txt'}")
    result = backhaul("orders", "list")
    assert (result.exit_code, "check DATABASE_URL" in result.stderr) == (2, True)


def test_a_file_that_cannot_be_made_is_named(
    backhaul: Backhaul, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'file' / 'ledger.sqlite3'}")
    result = backhaul("orders", "list")
    assert (result.exit_code, "check DATABASE_URL and BACKHAUL_DATA_DIR" in result.stderr) == (2, True)


@pytest.mark.parametrize("words", [*LISTINGS[1:], ("replay", "order", "O-1")])
@pytest.mark.usefixtures("no_tables")
def test_a_ledger_without_tables_says_how_it_gets_them(backhaul: Backhaul, words: tuple[str, ...]) -> None:
    result = backhaul(*words)
    assert (result.exit_code, "backhaul up" in result.stderr) == (2, True)


@pytest.mark.parametrize("words", LISTINGS[1:])
def test_a_ledger_of_a_newer_version_is_said_to_be_one(
    backhaul: Backhaul, ledger: Ledger, words: tuple[str, ...]
) -> None:
    """H6: "start the fleet" is no advice to whoever went back to an older version."""
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    result = backhaul(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "The ledger is of a newer version of Backhaul: its tables are those of revision 9999" in result.stderr
    status = backhaul("status")
    assert (status.exit_code, status.stdout.splitlines()[0]) == (1, "DOWN")
    assert "The ledger is of a newer version of Backhaul" in status.stdout


def test_mapping_files_that_cannot_be_used_stop_what_needs_them(
    backhaul: Backhaul, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAPPINGS_DIR", str(tmp_path))
    result = backhaul("replay", "order", "O-1")
    assert (result.exit_code, "return_reasons.csv" in result.stderr) == (2, True)


@pytest.mark.parametrize("words", [("nonsense",), ("orders", "nonsense"), ("orders", "list", "--nonsense")])
def test_a_word_that_nobody_knows_is_wrong_usage(backhaul: Backhaul, words: tuple[str, ...]) -> None:
    assert backhaul(*words).exit_code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("status",), ("check",), ("sandbox",), ("orders", "list"), ("returns", "list"), ("returns", "show"),
        ("refunds", "list"), ("refunds", "explain"), ("stock", "list"), ("review", "list"), ("review", "show"),
        ("review", "resolve"), ("replay", "order"), ("replay", "return"), ("replay", "refund"), ("replay", "stock"),
        ("replay", "event"), ("mappings", "check"), ("mappings", "rehearse"), ("webhooks", "register"),
        ("webhooks", "list"), ("webhooks", "remove"),
    ],
)  # fmt: skip
def test_every_command_takes_json_and_helps_with_an_example(backhaul: Backhaul, words: tuple[str, ...]) -> None:
    told = backhaul(*words, "--help")
    assert told.exit_code == 0
    assert "--json" in told.stdout
    assert f"Example: backhaul {' '.join(words)}" in told.stdout


def test_someone_without_a_name_is_told_by_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError(1000)

    monkeypatch.setattr("getpass.getuser", nameless)
    assert session.who().removeprefix("cli:").isdigit()
