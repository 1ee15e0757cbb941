"""The restock queue: from a verdict in Reveni to stock on sale."""

from __future__ import annotations

from typing import Any

from tasks.app import app
from tasks.keeping import keep
from tasks.policy import RESTOCK
from tasks.rings import LedgerTask


@app.task(name="restock.read_verdict", base=LedgerTask, **RESTOCK.options())
def read_verdict(*, intent_id: str, **_newer: Any) -> str:
    """Read a Reveni return that an event named (W3)."""
    return keep("read_verdict", intent_id)


@app.task(name="restock.adjust_stock_master", base=LedgerTask, **RESTOCK.options())
def adjust_stock_master(*, intent_id: str, **_newer: Any) -> str:
    """Add returned units to BigCommerce."""
    return keep("adjust_stock_master", intent_id)


@app.task(name="restock.await_stock_master", base=LedgerTask, **RESTOCK.options())
def await_stock_master(*, intent_id: str, **_newer: Any) -> str:
    """Wait until BigCommerce shows them."""
    return keep("await_stock_master", intent_id)


@app.task(name="restock.send_stock", base=LedgerTask, **RESTOCK.options())
def send_stock(*, intent_id: str, **_newer: Any) -> str:
    """Send what is pending to Mirakl (STO01)."""
    return keep("send_stock", intent_id)


@app.task(name="restock.follow_import", base=LedgerTask, **RESTOCK.options())
def follow_import(*, intent_id: str, **_newer: Any) -> str:
    """Follow a stock import to its end (STO02, STO03)."""
    return keep("follow_import", intent_id)
