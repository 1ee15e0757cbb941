"""A ledger of each kind, and ports whose Mirakl is an account made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Engine

from integration.ledger.engine import make_engine
from integration.ledger.store import Ledger
from integration.mirakl.client import Mirakl
from integration.usecases.ports import Ports
from integration.wiring import make_ports
from tests.inline_fleet import settings_for
from tests.unit.reconciliation.fake_account import FakeAccount

NOBODY_LISTENS = "http://127.0.0.1:9"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def ledger(engine: Engine) -> Ledger:
    return Ledger(engine, shop="default", who="test")


@pytest.fixture
def fleet_of(tmp_path: Path, sqlite_url: str) -> Iterator[Callable[..., tuple[Ports, FakeAccount]]]:
    """Ports on an account that is made by hand, on SQLite where no database is named; `scale` multiplies Mirakl's
    published windows.
    """
    engines: list[Engine] = []

    def begin(*, scale: float = 0.001, database_url: str = sqlite_url) -> tuple[Ports, FakeAccount]:
        engine = make_engine(database_url)
        engines.append(engine)
        environment = {
            "MIRAKL_BASE_URL": NOBODY_LISTENS,
            "MIRAKL_API_KEY": "key",
            "REVENI_BASE_URL": NOBODY_LISTENS,
            "REVENI_STORE_ID": "store",
            "REVENI_API_KEY": "key",
            "CALL_INTERVAL_SCALE": str(scale),
        }
        settings = settings_for(environment, data_dir=tmp_path, database_url=database_url)
        ports = make_ports(settings, who="test", engine=engine)
        account = FakeAccount(ports.gate)
        return replace(ports, mirakl=cast("Mirakl", account)), account

    yield begin
    for engine in engines:
        engine.dispose()
