"""The acknowledgement queue: orders are accepted here, ahead of all other work."""

from __future__ import annotations

from typing import Any

from tasks.app import app
from tasks.keeping import keep_all
from tasks.policy import ACKNOWLEDGEMENT
from tasks.rings import LedgerTask


@app.task(name="acknowledgement.accept_order", base=LedgerTask, **ACKNOWLEDGEMENT.options())
def accept_order(*, intent_ids: list[str], **_newer: Any) -> str:
    """Accept a batch of orders (OR21)."""
    return keep_all("accept_order", intent_ids)
