"""A sandbox over real HTTP, and a fleet in this process that works against it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integration.ledger.engine import make_engine
from integration.sandbox import SandboxClient, SandboxOptions, start_sandbox
from integration.settings import Settings
from integration.usecases.ports import Ports
from integration.wiring import make_ports
from tests.inline_fleet import InlineFleet, settings_for
from tests.unit.usecases.lane import Lane
from tests.unit.usecases.mortal import Clock, stop_before_the_first_byte
from tests.unit.usecases.refund_stage import Stage
from tests.unit.usecases.seeded_bugs import SEEDED_BUGS

SCALE = 0.002
"""Ten minutes between two absences are 1.2 s, a call's deadline is its floor of 2 s."""

NOBODY_LISTENS = "http://127.0.0.1:9"

StartFleet = Callable[..., InlineFleet]


@pytest.fixture(autouse=True)
def seeded_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bug that `make mutate` has put in, if any: these tests are to notice it."""
    if name := os.environ.get("SEEDED_BUG"):
        SEEDED_BUGS[name](monkeypatch)


@pytest.fixture
def options() -> SandboxOptions:
    """What the sandbox of a test is like; a module may have its own."""
    return SandboxOptions(scale=SCALE, debit_delay=0, refund_delay=0, import_delay=0, adjustment_delay=0)


@pytest.fixture
def sandbox(options: SandboxOptions) -> Iterator[SandboxClient]:
    with start_sandbox(options) as running:
        yield running.client


@pytest.fixture
def start_fleet(sandbox: SandboxClient, tmp_path: Path, sqlite_url: str) -> Iterator[StartFleet]:
    """Start a fleet on a database, SQLite where none is named, with settings over the sandbox's own."""
    started: list[InlineFleet] = []

    def start(
        database_url: str = sqlite_url, *, deaf: bool = False, first_start: bool = False, **over: object
    ) -> InlineFleet:
        bigcommerce = bool(over.pop("bigcommerce", False))
        environment = sandbox.environment(bigcommerce=bigcommerce)
        settings = settings_for(environment, data_dir=tmp_path, database_url=database_url, **over)
        started.append(InlineFleet(settings, deaf=deaf, first_start=first_start))
        return started[-1]

    yield start
    for fleet in started:
        fleet.close()


@pytest.fixture
def fleet(start_fleet: StartFleet) -> InlineFleet:
    return start_fleet()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, start_fleet: StartFleet, sandbox: SandboxClient) -> Stage:
    """An order on its way back; for modules whose `options` are `PRODUCTION_PACE`."""
    clock = Clock()
    clock.rule(monkeypatch)
    stop_before_the_first_byte(monkeypatch)
    return Stage(start_fleet(), sandbox, clock)


@pytest.fixture
def lane(fleet: InlineFleet, sandbox: SandboxClient) -> Lane:
    return Lane(fleet, sandbox)


@pytest.fixture
def ports(tmp_path: Path, sqlite_url: str) -> Iterator[Ports]:
    """Ports to nowhere, at the pace of production, for acts that call nobody."""
    settings = Settings.model_validate(
        {
            "mirakl_base_url": NOBODY_LISTENS, "mirakl_api_key": "key", "reveni_store_id": "store",
            "reveni_api_key": "key", "backhaul_data_dir": tmp_path, "database_url": sqlite_url,
        }
    )  # fmt: skip
    engine = make_engine(sqlite_url)
    yield make_ports(settings, who="test", engine=engine)
    engine.dispose()
