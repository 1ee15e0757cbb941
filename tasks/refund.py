"""The refund queue: money goes back here, once."""

from __future__ import annotations

from typing import Any

from tasks.app import app
from tasks.keeping import keep
from tasks.policy import REFUND
from tasks.rings import LedgerTask


@app.task(name="refund.push_refund", base=LedgerTask, **REFUND.options())
def push_refund(*, intent_id: str, **_newer: Any) -> str:
    """Send one refund the ledger has decided (OR28)."""
    return keep("push_refund", intent_id)
