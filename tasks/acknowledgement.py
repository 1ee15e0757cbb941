"""The acknowledgement queue: orders are accepted here, ahead of all other work."""

from __future__ import annotations

from typing import Any

from tasks.app import LedgerTask, app
from tasks.keeping import keep_all
from tasks.policy import ACKNOWLEDGEMENT


@app.task(name="acknowledgement.accept_order", base=LedgerTask, **ACKNOWLEDGEMENT.options())
def accept_order(*, intent_ids: list[str], **_newer: Any) -> None:
    """Accept a batch of orders (OR21)."""
    keep_all("accept_order", intent_ids)
