"""The reconciliation queue: Mirakl's transaction log is read here, so that finance can follow every refund."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from integration.usecases.ingest_cycles import ingest_cycles as ingest_cycles_
from integration.usecases.ingest_transactions import ingest_transactions as ingest_transactions_
from integration.usecases.ports import Ports
from integration.usecases.review_differences import review_differences as review_differences_
from tasks.app import app, ports
from tasks.policy import RECONCILIATION
from tasks.rings import RungTask, told

log = logging.getLogger(__name__)


@app.task(name="reconciliation.ingest_transactions", base=RungTask, **RECONCILIATION.options())
def ingest_transactions(**_newer: Any) -> str | None:
    """Read what changed in the seller's account (TL02)."""
    return _once(ingest_transactions_)


@app.task(name="reconciliation.ingest_cycles", base=RungTask, **RECONCILIATION.options())
def ingest_cycles(**_newer: Any) -> str | None:
    """Read billing cycles and accounting documents that are lacking (SBC11, IV01)."""
    return _once(ingest_cycles_)


@app.task(name="reconciliation.review_differences", base=RungTask, **RECONCILIATION.options())
def review_differences(**_newer: Any) -> str | None:
    """Put what does not add up into the review inbox."""
    return _once(review_differences_)


def _once(read: Callable[[Ports], object]) -> str | None:
    outcome = str(read(ports()))
    log.debug("%s: %s", read.__name__, outcome)
    return told(outcome)
