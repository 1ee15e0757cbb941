"""How long the lists, `status` and the figures take with 100,000 rows of each, beside reading the rows one by one."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bench.figures import Figure
from integration.cli.output import print_rows
from integration.ledger.engine import make_engine
from integration.ledger.listings import counts
from integration.ledger.lists import list_reviews
from integration.ledger.migrations import migrate
from integration.ledger.store import Ledger, Tx
from integration.ledger.tables import Intent, MovementRow, OrderRow, RefundRow, ReturnRow, ReviewRow
from tests.unit.ledger.test_long_histories import LISTS, fill, look

ROWS = 100_000
TABLES: dict[str, Any] = {
    "orders": OrderRow, "returns": ReturnRow, "refunds": RefundRow, "review": ReviewRow, "stock": MovementRow,
}  # fmt: skip


def measure() -> list[Figure]:
    """On SQLite, in a folder of its own. All rows are written as JSON into memory, `review` with --all."""
    with tempfile.TemporaryDirectory(prefix="backhaul-bench-") as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'ledger.sqlite3'}")
        migrate(engine)
        ledger = Ledger(engine, shop="default", who="bench")
        for since in range(0, ROWS, 10_000):
            fill(ledger, 10_000, since=since)
        lists = [
            Figure(
                f"{name} list --json, {ROWS:,} {name}", _took(partial(_listed, name=name), ledger), "s",
                _took(partial(_one_by_one, name=name), ledger), "row by row",
            )
            for name in LISTS
        ]  # fmt: skip
        began = time.perf_counter()
        look(ledger)
        whole = time.perf_counter() - began
        standing = _took(counts, ledger)
        engine.dispose()
    return [
        *lists,
        Figure("what `status` counts", standing, "s", 1, "target"),
        Figure("what `status` and `/metrics` count, nothing folded", whole, "s"),
    ]


def _took(read: Callable[[Tx], object], ledger: Ledger) -> float:
    began = time.perf_counter()
    with ledger.read() as tx, contextlib.redirect_stdout(io.StringIO()):
        read(tx)
    return time.perf_counter() - began


def _listed(tx: Tx, name: str) -> int:
    listed, shape = LISTS[name]
    if name == "review":
        listed = partial(list_reviews, state=None)
    return print_rows(shape(row) for row in listed(tx).first())


def _one_by_one(tx: Tx, name: str) -> str:
    """As the lists once were: an object for each row, a statement for each refund's intent, indented by Python."""
    table = TABLES[name]
    query = select(table).where(table.shop == tx.shop)
    rows = []
    for row in tx.session.scalars(query):
        facts = {column.key: getattr(row, column.key) for column in table.__table__.columns}
        if name == "refunds":
            intent = tx.session.get(Intent, row.intent_id)
            facts["state"] = None if intent is None else intent.state
        rows.append(facts)
    return json.dumps(rows, indent=2, default=str)
