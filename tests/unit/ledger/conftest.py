"""A ledger on each database, and the same ledger from many threads at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import Engine, text

from integration.ledger.engine import make_engine
from integration.ledger.store import Ledger, Ring
from integration.ledger.tables import Base
from tests.servers import PostgresServer

T = TypeVar("T")


@pytest.fixture(scope="session")
def postgres_engine(postgres_server: PostgresServer, postgres_template: str) -> Iterator[Engine]:
    """One database for all tests, since emptying it takes less than a copy for each."""
    url = postgres_server.create_database(like=postgres_template)
    engine = make_engine(url)
    yield engine
    engine.dispose()
    postgres_server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database of each kind with the ledger's tables and nothing in them."""
    if request.param == "postgresql":
        engine: Engine = request.getfixturevalue("postgres_engine")
        with engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(Base.metadata.tables)} RESTART IDENTITY"))
        yield engine
    else:
        engine = make_engine(request.getfixturevalue("sqlite_url"))
        yield engine
        engine.dispose()


@pytest.fixture
def rings() -> list[Ring]:
    """What the bell of `ledger` has rung for."""
    return []


@pytest.fixture
def ledger(engine: Engine, rings: list[Ring]) -> Ledger:
    return Ledger(engine, shop="default", who="test", bell=rings.extend)


def at_once(threads: int, act: Callable[[int], T]) -> list[T]:
    """The results of `act(0)`, `act(1)` and so on, all begun at the same moment in threads of their own."""
    barrier = Barrier(threads)

    def run(number: int) -> T:
        barrier.wait(30)
        return act(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))
