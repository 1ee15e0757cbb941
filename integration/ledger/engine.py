"""Engines that keep a promise: what was committed survives a power cut, on SQLite and on PostgreSQL."""

from __future__ import annotations

import random
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import OperationalError

from integration.errors import BackhaulError
from integration.private_files import private_file, private_folder
from integration.settings import Settings

TLS_MODES = frozenset({"require", "verify-ca", "verify-full"})
"""Values of `sslmode` with which the server's certificate may be looked at."""

PATIENCE = 30.0
"""Seconds that a transaction waits for SQLite's one writer."""

LOOK_IN = (0.001, 0.004)
"""Seconds between two looks whether the writer has finished. SQLite itself looks in at intervals that grow to 0.1 s:
whoever has waited longest then looks in least often, and newcomers are served first."""


class NotDurable(BackhaulError):
    """The database may forget a commit, so nothing may be sent on its word."""


def engine_of(settings: Settings, *, pool_size: int = 20) -> Engine:
    """The engine of the settings' database: see `make_engine`."""
    return make_engine(
        settings.database_url,
        pool_size=pool_size,
        shared_by_transaction=settings.database_pooler == "transaction",
        ca_file=settings.tls_ca_file,
    )


def make_engine(
    database_url: str, *, pool_size: int = 20, shared_by_transaction: bool = False, ca_file: Path | None = None
) -> Engine:
    """An engine whose transactions are durable when they have committed.

    SQLite: WAL, `synchronous=FULL`, foreign keys, and `BEGIN IMMEDIATE` for writing, so that a transaction which reads
    and then writes never fails half-way for a lock; only its owner may read the file. PostgreSQL: as it is;
    `check_durability` tells.

    :param shared_by_transaction: a pooler gives each transaction another session of the server, so nothing may be
        prepared in one and used in the next.
    :param ca_file: signs the server's certificate, where the URL asks for TLS and names no `sslrootcert` of its own.
    """
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        arguments: dict[str, Any] = {"prepare_threshold": None} if shared_by_transaction else {}
        if ca_file is not None and "sslrootcert" not in url.query and url.query.get("sslmode") in TLS_MODES:
            arguments["sslrootcert"] = str(ca_file)
        return create_engine(
            url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True, connect_args=arguments
        )
    engine = create_engine(url, pool_size=pool_size, max_overflow=pool_size)
    event.listen(engine, "do_connect", _keep_private)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _keep_private(_dialect: Any, _record: Any, arguments: list[Any], _options: Any) -> None:
    """SQLite gives the files beside the ledger the mode that the ledger has when they are made.

    :raises OperationalError: as SQLite does where it cannot open the file.
    """
    if arguments[0] == ":memory:" or arguments[0].startswith("file:"):
        return
    file = Path(arguments[0])
    try:
        if not file.parent.exists():
            private_folder(file.parent)
        private_file(file)
        for beside in (Path(f"{file}-wal"), Path(f"{file}-shm")):
            if beside.exists():
                private_file(beside)
    except OSError as failure:
        raise OperationalError("open", None, failure) from None


def check_durability(engine: Engine) -> None:
    """:raises NotDurable: when a commit would not survive a power cut; says what to change."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            mode = connection.execute(text("PRAGMA journal_mode")).scalar_one()
            synchronous = connection.execute(text("PRAGMA synchronous")).scalar_one()
            if mode != "wal" or synchronous < 2:  # FULL is 2, EXTRA is 3
                raise NotDurable(
                    f"SQLite runs with journal_mode={mode}, synchronous={synchronous}; "
                    "Backhaul needs wal and FULL (2): put the file on a local disk that supports them"
                )
            return
        setting = connection.execute(text("SHOW synchronous_commit")).scalar_one()
        if setting not in ("on", "remote_apply"):
            raise NotDurable(
                f"PostgreSQL runs with synchronous_commit={setting}; Backhaul needs it on, since a refund that was "
                "sent must not be forgotten: ALTER DATABASE … SET synchronous_commit = on"
            )


def _prepare_sqlite(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None  # the driver begins nothing by itself: `_begin_sqlite` does
    cursor = dbapi_connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={int(1000 * PATIENCE)}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    cursor = connection.connection.cursor()
    if connection.get_execution_options().get("reading", False):
        cursor.execute("BEGIN")
        return
    cursor.execute("PRAGMA busy_timeout=0")
    try:
        _begin_writing(cursor)
    finally:
        cursor.execute(f"PRAGMA busy_timeout={int(1000 * PATIENCE)}")


def _begin_writing(cursor: DBAPICursor) -> None:
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            cursor.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as failure:
            if failure.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise OperationalError("BEGIN IMMEDIATE", None, failure) from failure
            time.sleep(random.uniform(*LOOK_IN))  # noqa: S311 - chance, not secrecy
        else:
            return
