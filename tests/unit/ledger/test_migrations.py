"""The tables come from the migrations alone, and are the ones that the models say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect

from integration.ledger import migrations
from integration.ledger.engine import make_engine
from integration.ledger.migrations import LedgerTooNew, is_current, migrate
from integration.ledger.readiness import (
    LedgerUnusable,
    bring_to_this_version,
    has_current_tables,
    require_current_tables,
)
from integration.ledger.tables import Base
from tests.unit.ledger.conftest import at_once

SETTINGS = {
    "MIRAKL_BASE_URL": "http://127.0.0.1:9",
    "MIRAKL_API_KEY": "mirakl-key",
    "REVENI_STORE_ID": "store",
    "REVENI_API_KEY": "reveni-key",
}


def table_names(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def test_an_empty_database_gets_every_table(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    assert not is_current(engine)
    migrate(engine)
    assert is_current(engine)
    assert table_names(engine) == {*Base.metadata.tables, "alembic_version"}
    engine.dispose()


def test_a_second_run_changes_nothing(engine: Engine) -> None:
    before = table_names(engine)
    migrate(engine)
    assert table_names(engine) == before


def test_the_migrated_tables_are_those_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_of_starters_at_once_one_migrates_and_the_others_find_it_done(empty_database_url: str) -> None:
    def start(_number: int) -> bool:
        engine = make_engine(empty_database_url)
        migrate(engine)
        current = is_current(engine)
        engine.dispose()
        return current

    assert at_once(4, start) == [True] * 4


def test_two_processes_may_start_at_once(empty_database_url: str, tmp_path: Path) -> None:
    environment: Mapping[str, str] = {**SETTINGS, "DATABASE_URL": empty_database_url, "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-W", "error", "-m", "integration.ledger.migrations"]
    starters = [subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE) for _ in range(2)]
    ends = [starter.communicate(timeout=60)[1].decode() for starter in starters]
    assert [starter.returncode for starter in starters] == [0, 0], ends
    engine = make_engine(empty_database_url)
    assert is_current(engine)
    engine.dispose()


def test_a_ledger_of_this_version_may_be_used(engine: Engine) -> None:
    require_current_tables(engine)


def test_a_database_without_a_ledger_is_said_to_be_one(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    assert not has_current_tables(engine)
    with pytest.raises(LedgerUnusable, match="backhaul up"):
        require_current_tables(engine)
    engine.dispose()


def test_a_database_that_does_not_answer_is_named_without_its_password() -> None:
    engine = create_engine("postgresql+psycopg://backhaul:hush@127.0.0.1:9/ledger?connect_timeout=2")
    with pytest.raises(LedgerUnusable) as refusal:
        has_current_tables(engine)
    assert "127.0.0.1:9" in str(refusal.value)
    assert "hush" not in str(refusal.value)
    engine.dispose()


def test_a_ledger_of_a_newer_version_is_left_alone_and_said_to_be_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H6: whoever went back to an older version is told so, instead of Alembic's traceback or "start the fleet"."""
    monkeypatch.setattr(migrations, "REVISIONS", migrations.REVISIONS - {migrations.HEAD})
    monkeypatch.setattr(migrations, "HEAD", max(migrations.REVISIONS, default="0000"))
    before = table_names(engine)
    for use in (migrate, bring_to_this_version, has_current_tables, require_current_tables):
        with pytest.raises(LedgerTooNew, match="newer version of Backhaul"):
            use(engine)
    assert table_names(engine) == before
