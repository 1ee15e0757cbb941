"""What was committed is kept, money stays exact and times know their zone, on each database."""

from __future__ import annotations

import stat
import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, insert, text
from sqlalchemy.exc import StatementError

from integration.ledger.engine import NotDurable, check_durability, engine_of, make_engine
from integration.ledger.store import Ledger
from integration.ledger.tables import RefundRow, WatermarkRow
from integration.settings import Settings

AMOUNTS = [Decimal("0.00"), Decimal("0.1"), Decimal("0.07"), Decimal("33.33"), Decimal("99999999999.999999")]


def a_refund(amount: object) -> RefundRow:
    return RefundRow(
        id=uuid.uuid4(), shop="default", order_id="O-1", order_line_id="O-1-1", amount=amount, looks=0,
        created_at=datetime.now(UTC),
    )  # fmt: skip


def test_both_databases_keep_what_was_committed(engine: Engine) -> None:
    check_durability(engine)


@pytest.mark.crash_matrix(22)
def test_postgresql_that_commits_before_it_has_written_is_refused(postgres_url: str) -> None:
    engine = create_engine(postgres_url, connect_args={"options": "-c synchronous_commit=off"})
    with pytest.raises(NotDurable, match=r"synchronous_commit=off.*ALTER DATABASE"):
        check_durability(engine)
    engine.dispose()


@pytest.mark.crash_matrix(22)
@pytest.mark.parametrize(
    ("pragma", "told"), [("synchronous=NORMAL", "synchronous=1"), ("journal_mode=DELETE", "journal_mode=delete")]
)
def test_sqlite_that_may_forget_a_commit_is_refused(sqlite_url: str, pragma: str, told: str) -> None:
    engine = make_engine(sqlite_url)
    # After the ledger's own pragmas: as a file system without WAL, or another hand, would leave it.
    event.listen(engine, "connect", lambda connection, _record: connection.execute(f"PRAGMA {pragma}"))
    with pytest.raises(NotDurable, match=told):
        check_durability(engine)
    engine.dispose()


def test_a_ledger_file_may_lie_in_a_folder_that_does_not_exist_yet(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'new' / 'folder' / 'ledger.sqlite3'}")
    check_durability(engine)
    engine.dispose()


def test_only_its_owner_may_read_the_ledger_and_the_files_beside_it(tmp_path: Path) -> None:
    """M15: 0600 for the file, its WAL and its index, new or of an earlier version; 0700 for a folder that is made."""
    file = tmp_path / "new" / "ledger.sqlite3"
    for _ in range(2):
        engine = make_engine(f"sqlite:///{file}")
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS facts (fact TEXT)"))
            files = sorted(file.parent.iterdir())
            assert [path.name for path in files] == ["ledger.sqlite3", "ledger.sqlite3-shm", "ledger.sqlite3-wal"]
            assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        for path in files:
            path.chmod(0o644)
        engine.dispose()
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def _connect_arguments(engine: Engine) -> dict[str, Any]:
    """What the driver is asked for, without a server."""
    asked: dict[str, Any] = {}

    def refuse(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
        asked.update(options)
        raise ConnectionRefusedError

    event.listen(engine, "do_connect", refuse)
    with pytest.raises(ConnectionRefusedError):
        engine.connect()
    return asked


@pytest.mark.parametrize(
    ("query", "trusted"),
    [
        ("?sslmode=verify-full", True),
        ("?sslmode=require", True),
        ("", False),
        ("?sslmode=require&sslrootcert=/x", False),
    ],
)
def test_postgresql_is_verified_by_a_companys_own_authority_where_tls_is_asked_for(
    tmp_path: Path, query: str, trusted: bool
) -> None:
    """M15: TLS_CA_FILE stands for `sslrootcert`, unless the address names one itself."""
    ca_file = tmp_path / "ca.pem"
    engine = make_engine(f"postgresql+psycopg://u:p@127.0.0.1:9/d{query}", ca_file=ca_file)
    assert (_connect_arguments(engine).get("sslrootcert") == str(ca_file)) is trusted


def test_behind_a_pooler_no_statement_is_prepared(postgres_url: str) -> None:
    """H5: PgBouncer in transaction mode gives the next transaction another session, which knows none of ours."""
    settings = Settings(
        mirakl_base_url="https://example.mirakl.net", mirakl_api_key="k", reveni_store_id="s", reveni_api_key="k",
        database_url=postgres_url, database_pooler="transaction",
    )  # fmt: skip
    for pooled, expected in ((settings, 0), (settings.model_copy(update={"database_pooler": "none"}), 1)):
        engine = engine_of(pooled, pool_size=1)
        with engine.connect() as connection:
            for number in range(12):  # psycopg prepares what it has seen five times
                connection.execute(text("SELECT CAST(:number AS INTEGER)"), {"number": number})
            prepared = connection.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one()
            locks = connection.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).scalar_one()
        engine.dispose()
        assert (min(prepared, 1), locks) == (expected, 0)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_an_amount_comes_back_as_it_went_in(ledger: Ledger, amount: Decimal) -> None:
    refund = a_refund(amount)
    with ledger.write() as tx:
        tx.session.add(refund)
    with ledger.read() as tx:
        kept = tx.session.get_one(RefundRow, refund.id)
    assert kept.amount == amount
    assert kept.shipping_amount is None


def test_no_amount_is_ever_stored_as_a_floating_number(ledger: Ledger, engine: Engine) -> None:
    with ledger.write() as tx:
        tx.session.add_all([a_refund(amount) for amount in AMOUNTS])
    kind, exact = ("typeof", "text") if engine.dialect.name == "sqlite" else ("pg_typeof", "numeric")
    with engine.connect() as connection:
        # The name of a function, out of this file.
        kinds = connection.execute(text(f"SELECT DISTINCT CAST({kind}(amount) AS TEXT) FROM refunds")).scalars().all()  # noqa: S608
    assert kinds == [exact]


@pytest.mark.parametrize("amount", [25.0, 25, "25.00"])
def test_what_is_not_a_decimal_is_no_amount(ledger: Ledger, amount: object) -> None:
    with ledger.write() as tx, pytest.raises(StatementError, match="money is Decimal"):
        tx.session.execute(insert(RefundRow).values(amount=amount))


def test_a_time_comes_back_in_utc_whatever_its_zone_was(ledger: Ledger) -> None:
    noon_in_tokyo = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    with ledger.write() as tx:
        tx.session.add(WatermarkRow(shop="default", name="RT11", at=noon_in_tokyo))
    with ledger.read() as tx:
        kept = tx.session.get_one(WatermarkRow, ("default", "RT11")).at
    assert kept == noon_in_tokyo
    assert kept.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(ledger: Ledger) -> None:
    nowhere = datetime(2026, 7, 1, 12, 0)  # noqa: DTZ001 (that is the point)
    with ledger.write() as tx, pytest.raises(StatementError, match="must know its zone"):
        tx.session.execute(insert(WatermarkRow).values(shop="default", name="RT11", at=nowhere))


def test_the_clock_is_the_databases_and_is_read_once(ledger: Ledger) -> None:
    with ledger.read() as tx:
        first = tx.now
        assert tx.now is first
    assert first.tzinfo is UTC
    assert abs(first - datetime.now(UTC)) < timedelta(minutes=1)
