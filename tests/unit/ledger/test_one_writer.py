"""SQLite has one writer at a time: others wait their turn, and not for ever."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from integration.ledger import engine as engines
from integration.ledger.engine import make_engine


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Engine:
    engine = make_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (note TEXT)"))
    return engine


def test_a_writer_waits_until_the_one_before_it_has_finished(sqlite_engine: Engine) -> None:
    waits, written = threading.Event(), threading.Event()

    def write() -> None:
        waits.set()
        with sqlite_engine.begin() as connection:
            connection.execute(text("INSERT INTO notes VALUES ('second')"))
        written.set()

    with sqlite_engine.begin() as connection:
        connection.execute(text("INSERT INTO notes VALUES ('first')"))
        other = threading.Thread(target=write)
        other.start()
        assert waits.wait(10)
        assert not written.wait(0.2)
    assert written.wait(10)
    other.join()
    with sqlite_engine.connect() as connection:
        assert connection.execute(text("SELECT note FROM notes")).scalars().all() == ["first", "second"]
    sqlite_engine.dispose()


def test_a_reader_waits_for_no_writer(sqlite_engine: Engine) -> None:
    reading = sqlite_engine.execution_options(reading=True)
    with sqlite_engine.begin() as writer:
        writer.execute(text("INSERT INTO notes VALUES ('not yet')"))
        with reading.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM notes")).scalar_one() == 0
    sqlite_engine.dispose()


def test_a_writer_that_is_never_served_says_so_and_its_connection_is_patient_again(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_engine.connect() as patient, monkeypatch.context() as hurried:
        patient.rollback()
        with sqlite_engine.begin():
            hurried.setattr(engines, "PATIENCE", 0.05)
            with pytest.raises(OperationalError, match="locked"):
                patient.execute(text("INSERT INTO notes VALUES ('never')"))
    with sqlite_engine.begin() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() == 30_000
    sqlite_engine.dispose()


def test_what_is_wrong_otherwise_is_said_at_once(sqlite_engine: Engine) -> None:
    with sqlite_engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.execute("BEGIN")  # a transaction that nobody knows of
        with pytest.raises(OperationalError, match="within a transaction"):
            connection.execute(text("SELECT 1"))
    sqlite_engine.dispose()
