"""How long a month of 100,000 lines of the account takes, from Mirakl's documents to the report, and its memory."""

from __future__ import annotations

import io
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from sqlalchemy import insert

from bench.figures import Figure, show
from integration.domain.orders import Order, OrderLine
from integration.domain.refunds import Calculation, calculate
from integration.domain.settlement_report import totals
from integration.domain.settlement_scope import Month
from integration.ledger.engine import make_engine
from integration.ledger.migrations import migrate
from integration.ledger.store import Ledger
from integration.ledger.tables import Intent, RefundRow
from integration.mirakl.client import Mirakl
from integration.mirakl.operations import TL02
from integration.mirakl.wire import TransactionLine
from integration.reports.page import render_page
from integration.reports.sheet import write_csv
from integration.settings import Settings
from integration.usecases.ingest_transactions import ingest_transactions
from integration.usecases.reconcile import reconcile
from integration.wire import readable
from integration.wiring import make_ports

LINES = 100_000
ORDERS = 12_500
PAGE = 2_000
MADE = datetime(2026, 11, 10, tzinfo=UTC)
MONTH = Month.named("2026-11")
CYCLE = "8634fa83-844c-4884-ae24-297a26aca153"
AMOUNTS = (
    ("ORDER_AMOUNT", "50.00"),
    ("COMMISSION_FEE", "-10.00"),
    ("COMMISSION_VAT", "-2.00"),
    ("ORDER_SHIPPING_AMOUNT", "5.00"),
    ("REFUND_ORDER_AMOUNT", "-20.83"),
    ("REFUND_ORDER_AMOUNT_TAX", "-4.17"),
    ("REFUND_COMMISSION_FEE", "4.58"),
    ("REFUND_COMMISSION_VAT", "0.92"),
)
"""One order and the refund of one of its two units."""


class Account:
    """What TL02 would send, a page at a time; no call counts."""

    def transaction_lines(self, _last_updated_from: datetime) -> Iterator[list[TransactionLine]]:
        for start in range(0, LINES, PAGE):
            yield readable(TL02, map(document, range(start, start + PAGE)), TransactionLine)


def document(number: int) -> dict[str, Any]:
    """Line `number` as Mirakl sends it; eight of them are an order."""
    order, part = divmod(number, len(AMOUNTS))
    kind, amount = AMOUNTS[part]
    moment = (MADE + timedelta(seconds=order)).isoformat()
    entities: dict[str, Any] = {"order": {"id": f"O-{order}"}, "order_line": {"id": f"O-{order}-1"}}
    if kind.startswith("REFUND_"):
        entities["refund"] = {"id": str(order)}
    return {
        "id": f"{number:036d}",
        "type": kind,
        "amount": Decimal(amount),
        "currency_iso_code": "GBP",
        "date_created": moment,
        "last_updated": moment,
        "payment_state": "PAID",
        "seller_billing_cycle_id": CYCLE,
        "entities": entities,
    }


def calculation(order: int) -> Calculation:
    line = OrderLine(
        order_line_id=f"O-{order}-1", offer_sku=f"SKU-{order % 500}", state="RECEIVED", quantity=2,
        price=Decimal("50.00"), price_unit=Decimal("25.00"), shipping_price=Decimal("5.00"),
        total_commission=Decimal("12.10"),
    )  # fmt: skip
    facts = Order(order_id=f"O-{order}", state="RECEIVED", tax_mode="TAX_INCLUDED", currency="GBP", lines=(line,))
    return calculate(
        facts, order_line_id=line.order_line_id, quantity=1, reason_code="17", shipping_refund="none", ours={},
        fee_codes=frozenset(), tax_rules={}, currency="GBP",
    )  # fmt: skip


def remember_refunds(ledger: Ledger) -> None:
    """A confirmed refund of ours for each order of the account."""
    intents, refunds = [], []
    for order in range(ORDERS):
        key = uuid.uuid5(uuid.NAMESPACE_OID, str(order))
        common = {"id": key, "shop": ledger.shop, "created_at": MADE}
        intents.append({**common, "kind": "push_refund", "subject": str(order), "state": "confirmed", "due_at": MADE})
        refunds.append(
            {
                **common, "intent_id": key, "order_id": f"O-{order}", "order_line_id": f"O-{order}-1", "quantity": 1,
                "amount": Decimal("25.00"), "shipping_amount": Decimal("0.00"), "currency": "GBP",
                "mirakl_refund_id": str(order), "confirmed_at": MADE,
                "calculation": calculation(order).model_dump(mode="json"),
            }
        )  # fmt: skip
    with ledger.write() as tx:
        tx.session.execute(insert(Intent), intents)
        tx.session.execute(insert(RefundRow), refunds)


def measure() -> list[Figure]:
    """In a folder of its own, on SQLite; the memory is the whole process's peak."""
    with tempfile.TemporaryDirectory(prefix="backhaul-bench-") as folder:
        settings = Settings(
            mirakl_base_url="http://127.0.0.1:9", mirakl_api_key="key", reveni_store_id="store", reveni_api_key="key",
            backhaul_data_dir=Path(folder),
        )  # fmt: skip
        engine = make_engine(settings.database_url)
        migrate(engine)
        ports = replace(make_ports(settings, who="bench", engine=engine), mirakl=cast("Mirakl", Account()))
        remember_refunds(ports.ledger)
        moments = [time.perf_counter()]
        ingest_transactions(ports)
        moments.append(time.perf_counter())
        with ports.ledger.read() as tx:
            report = reconcile(tx, MONTH)
        moments.append(time.perf_counter())
        write_csv(report, io.StringIO())
        render_page(report)
        moments.append(time.perf_counter())
        engine.dispose()
    stored, judged, written = (later - earlier for earlier, later in pairwise(moments))
    matched = sum(total.count for total in totals(report.refunds) if total.verdict == "matched")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return [
        Figure(f"{LINES} lines read and stored, page by page", stored, "s"),
        Figure(f"{ORDERS} refunds held against them", judged, "s"),
        Figure("CSV and page written", written, "s"),
        Figure("all of it", moments[-1] - moments[0], "s", 60, "target"),
        Figure("peak memory", peak, "MB", 500, "target"),
        Figure("refunds matched", matched, "", ORDERS, "all of them"),
    ]


def main() -> None:
    show(Console(highlight=False), "reconciliation", measure())


if __name__ == "__main__":
    main()
