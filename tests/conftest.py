"""Databases and brokers that are real, and a network that ends at this machine."""

from __future__ import annotations

import gc
import io
import shutil
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from redis import Redis

from integration.fleet.broker import EmbeddedBroker
from integration.ledger.engine import make_engine
from integration.ledger.migrations import migrate
from tests.servers import PostgresServer, ServerUnavailableError

# `pytest --hypothesis-profile=thorough` is for an afternoon, not for every change. `stories` draws new examples each
# time, and makes none of them shorter.
hypothesis.settings.register_profile("suite", max_examples=40, deadline=None)
hypothesis.settings.register_profile("thorough", max_examples=2_000, deadline=None)
hypothesis.settings.register_profile(
    "stories", max_examples=60, deadline=None, phases=[hypothesis.Phase.generate], database=None
)
hypothesis.settings.load_profile("suite")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    try:
        server = PostgresServer().__enter__()
    except ServerUnavailableError as reason:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {reason}")
    yield server
    server.__exit__()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated once: a copy of it costs a fraction of migrating each test's own."""
    file = tmp_path_factory.mktemp("template") / "ledger.sqlite3"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    url = postgres_server.create_database()
    _migrate(url)
    return url


def _migrate(url: str) -> None:
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite ledger of this version, with nothing in it."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'ledger.sqlite3')}"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A PostgreSQL ledger of this version, with nothing in it."""
    url = postgres_server.create_database(like=postgres_template)
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A ledger with nothing in it, on each database there is."""
    url: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table, of each kind there is."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create_database()
    yield url
    server.drop_database(url)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path_factory.mktemp("broker"), output=io.StringIO()) as server:
        yield server


@pytest.fixture
def broker_url(broker: EmbeddedBroker) -> str:
    """An empty broker."""
    with Redis.from_url(broker.url) as client:
        client.flushall()
    return broker.url


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that would leave this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else None  # a path is a Unix socket
        if host not in {None, "localhost"} and not ip_address(host).is_loopback:
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: looking through it for garbage, over and over, finds none."""
    gc.collect()
    gc.freeze()
