"""Commands as a person runs them: in a folder of their own, with settings from the environment and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from integration.cli.main import app
from integration.ledger.engine import make_engine
from integration.ledger.store import Ledger
from integration.sandbox import RunningSandbox, SandboxClient, SandboxOptions, start_sandbox
from integration.settings import Settings
from tests.inline_fleet import InlineFleet

Backhaul = Callable[..., Result]

NOBODY_LISTENS = "http://127.0.0.1:9"
SETTINGS = {
    "MIRAKL_BASE_URL": NOBODY_LISTENS,
    "MIRAKL_API_KEY": "mirakl-key",
    "REVENI_BASE_URL": NOBODY_LISTENS,
    "REVENI_STORE_ID": "store",
    "REVENI_API_KEY": "reveni-key",
    "CALL_INTERVAL_SCALE": "0.01",
}


@pytest.fixture
def ledger_url(sqlite_url: str) -> str:
    """Where the ledger of the tests is."""
    return sqlite_url


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ledger_url: str) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", ledger_url)
    monkeypatch.setenv("BACKHAUL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def no_tables(environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As before the first `backhaul up`: the database holds no ledger."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'empty.sqlite3'}")


@pytest.fixture
def backhaul(environment: None) -> Backhaul:
    """Run `backhaul` with these words."""
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def ledger(environment: None) -> Iterator[Ledger]:
    """A ledger with its tables and nothing in them."""
    engine = make_engine(os.environ["DATABASE_URL"])
    yield Ledger(engine, shop="default", who="test")
    engine.dispose()


@pytest.fixture
def sandbox(environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxClient]:
    """Our own Mirakl and Reveni, to which the settings point."""
    options = SandboxOptions(scale=0.001, ceilings=False, debit_delay=0, refund_delay=0, import_delay=0)
    with start_sandbox(options) as running:
        _point_at(running, monkeypatch)
        yield running.client


@pytest.fixture
def fleet(sandbox: SandboxClient) -> Iterator[InlineFleet]:
    """A fleet in this process that works for the ledger of the commands."""
    fleet = InlineFleet(Settings.load())
    yield fleet
    fleet.close()


def _point_at(running: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in running.client.environment().items():
        monkeypatch.setenv(name, value)
