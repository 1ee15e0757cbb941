"""Lists, status and metrics of a long history: so many statements whatever the rows, and an index for each."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, insert, text, update

from integration.cli.orders import order_row
from integration.cli.output import print_rows
from integration.cli.refund_row import refund_row
from integration.cli.returns import return_row
from integration.cli.review import review_row
from integration.cli.stock import movement_row
from integration.ledger.ceilings import FleetGate
from integration.ledger.figures import acknowledgement_tallies, figures
from integration.ledger.listings import counts, oldest_due, waiting_deadlines
from integration.ledger.lists import (
    Listed,
    as_refund,
    list_movements,
    list_orders,
    list_refunds,
    list_returns,
    list_reviews,
)
from integration.ledger.orders import acknowledged_since, longest_wait
from integration.ledger.polls import poll_ages
from integration.ledger.stock_figures import imports_in_flight, refused_lines, restock_tallies, stock_figures
from integration.ledger.store import Ledger, Tx
from integration.ledger.tables import Intent, MovementRow, OrderRow, RefundRow, ReturnRow, ReviewRow
from integration.ledger.tallies import fold
from integration.mirakl.operations import OR11

LISTS: dict[str, tuple[Callable[[Tx], Listed], Callable[[Any], Any]]] = {
    "orders": (list_orders, order_row),
    "returns": (list_returns, return_row),
    "refunds": (list_refunds, lambda row: refund_row(as_refund(row))),
    "review": (list_reviews, review_row),
    "stock": (list_movements, movement_row),
}


def fill(ledger: Ledger, rows: int, *, since: int = 0) -> None:
    """So many of everything, all of it done but for one in a hundred."""
    with ledger.write() as tx:
        made = tx.now - timedelta(days=30)
        tables: dict[Any, list[dict[str, Any]]] = {
            OrderRow: [], Intent: [], RefundRow: [], ReturnRow: [], ReviewRow: [], MovementRow: [],
        }  # fmt: skip
        for number in range(since, since + rows):
            key, is_open = uuid.uuid4(), number % 100 == 0
            at = made + timedelta(seconds=number)
            common = {"shop": tx.shop}
            tables[OrderRow].append({
                **common, "order_id": f"O-{number}", "state": "waiting" if is_open else "acknowledged", "lines": [],
                "created_date": at, "deadline": at + timedelta(days=40), "first_seen_at": at,
                "acknowledged_at": None if is_open else at + timedelta(seconds=40), "acknowledged_by": "us",
                "alerted_percent": 0,
            })  # fmt: skip
            tables[Intent].append({
                **common, "id": key, "kind": "push_refund", "subject": str(number), "due_at": at, "created_at": at,
                "state": "decided" if is_open else "confirmed", "plan": {"calculation": {"asked": {}}},
            })  # fmt: skip
            tables[RefundRow].append({
                **common, "id": key, "intent_id": key, "order_id": f"O-{number}", "order_line_id": "L", "quantity": 1,
                "amount": None if is_open else Decimal("25.00"), "shipping_amount": Decimal("0.00"), "currency": "GBP",
                "mirakl_refund_id": str(number), "refund_state": None if is_open else "REFUNDED", "created_at": at,
            })  # fmt: skip
            tables[ReturnRow].append({
                **common, "return_id": f"R-{number}", "order_id": f"O-{number}", "mirakl_state": "CLOSED",
                "state": "closed", "first_seen_at": at, "reveni_refunds": [],
            })  # fmt: skip
            tables[ReviewRow].append({
                **common, "id": uuid.uuid4(), "kind": "refund", "subject": str(number), "reason": "exchange",
                "detail": "look", "evidence": {"a": 1}, "state": "open" if is_open else "resolved", "opened_at": at,
            })  # fmt: skip
            tables[MovementRow].append({
                **common, "id": uuid.uuid4(), "return_id": f"R-{number}", "order_line_id": "L", "ordinal": 1,
                "sku": "SKU", "quantity": 1, "state": "pending" if is_open else "done", "created_at": at, "due_at": at,
                "done_at": None if is_open else at,
            })  # fmt: skip
        for table, values in tables.items():
            tx.session.execute(insert(table), values)


@contextmanager
def statements(ledger: Ledger) -> Iterator[list[tuple[str, Any]]]:
    """What is asked of the database inside, with its parameters."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            asked.append((statement, parameters))

    event.listen(ledger.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(ledger.engine, "before_cursor_execute", note)


def look(ledger: Ledger) -> None:
    """All that `status` and `/metrics` count."""
    with ledger.read() as tx:
        figures(tx), stock_figures(tx), counts(tx), waiting_deadlines(tx), oldest_due(tx), poll_ages(tx)
        longest_wait(tx), acknowledged_since(tx, tx.now - timedelta(seconds=300))
        imports_in_flight(tx), refused_lines(tx)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_one_statement_however_long_it_is(
    ledger: Ledger, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """X4: no list asks for its rows one by one."""
    listed, shape = LISTS[name]
    for rows in (100, 1_200):
        fill(ledger, rows, since=0 if rows == 100 else 100)
        with statements(ledger) as asked, ledger.read() as tx:
            found = print_rows(shape(row) for row in listed(tx).first())
        assert len(asked) == 1
        assert found == len(json.loads(capsys.readouterr().out))
    with statements(ledger) as asked, ledger.read() as tx:
        assert len(listed(tx).last(50)) == min(50, listed(tx).count())
    assert len(asked) == 2


def test_neither_status_nor_metrics_reads_history(ledger: Ledger) -> None:
    """X4: an index answers each of their statements, and what is long past is not counted again."""
    fill(ledger, 2_000)
    with ledger.write() as tx:
        for tally in (*acknowledgement_tallies(tx).values(), *restock_tallies(tx).values()):
            fold(tx, tally)
    with statements(ledger) as asked:
        look(ledger)
    few = len(asked)
    sqlite = ledger.engine.dialect.name == "sqlite"
    with ledger.engine.connect() as connection:
        if not sqlite:
            connection.execute(text("SET enable_seqscan = off"))  # else a table of 2,000 rows is read as it is
        for statement, parameters in asked:
            explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
            plan = " ".join(str(row) for row in connection.exec_driver_sql(explain + statement, parameters))
            for table in ("orders", "intents", "journal", "refunds", "movements", "returns", "reviews"):
                assert f"Seq Scan on {table}" not in plan, statement
                assert f"SCAN {table}" not in plan, (statement, plan)
    fill(ledger, 500, since=2_000)
    with statements(ledger) as asked:
        look(ledger)
    assert len(asked) == few


def test_what_was_folded_and_what_has_come_since_are_the_same_figures(ledger: Ledger) -> None:
    """X4: whoever folds, however often, changes no figure."""
    fill(ledger, 300)
    with ledger.read() as tx:
        before = figures(tx)
    for _ in range(2):
        with ledger.write() as tx:
            for tally in acknowledgement_tallies(tx).values():
                fold(tx, tally)
    with ledger.write() as tx:
        tx.session.execute(update(OrderRow).where(OrderRow.order_id == "O-0").values(
            state="acknowledged", acknowledged_at=tx.now, created_date=tx.now - timedelta(seconds=40),
            first_seen_at=tx.now,
        ))  # fmt: skip
    with ledger.read() as tx:
        after = figures(tx)
    assert (before.since_created.count, after.since_created.count) == (297, 298)
    assert after.since_created.seconds == pytest.approx(before.since_created.seconds + 40, abs=0.1)
    assert after.since_seen.within[0] == before.since_seen.within[0] + 1


def test_a_call_costs_the_ledger_nothing_beside_the_look_of_the_second(ledger: Ledger) -> None:
    """P3: whatever comes back well is not written down."""
    gate = FleetGate(ledger, scale=1)
    gate.admit(OR11, counted=False)
    with statements(ledger) as asked:
        for status in (200, 204, 404, 429):
            gate.answered(OR11, "mirakl", status)
    assert asked == []
