"""A ledger, and a web process that has it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.ledger.engine import make_engine
from integration.ledger.store import Ledger
from tests.unit.web.running import RunningWeb


@pytest.fixture
def ledger(sqlite_url: str) -> Iterator[Ledger]:
    engine = make_engine(sqlite_url)
    yield Ledger(engine, shop="default", who="web")
    engine.dispose()


@pytest.fixture
def web(ledger: Ledger) -> Iterator[RunningWeb]:
    with RunningWeb(ledger) as running:
        yield running
