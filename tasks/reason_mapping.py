"""The reason-mapping queue: a Mirakl return becomes a Reveni return and goes its way."""

from __future__ import annotations

from typing import Any

from tasks.app import app
from tasks.keeping import keep, keep_all
from tasks.policy import REASON_MAPPING
from tasks.rings import LedgerTask


@app.task(name="reason-mapping.map_return", base=LedgerTask, **REASON_MAPPING.options())
def map_return(*, intent_id: str, **_newer: Any) -> str:
    """Translate the reasons of one return, strictly."""
    return keep("map_return", intent_id)


@app.task(name="reason-mapping.accept_return", base=LedgerTask, **REASON_MAPPING.options())
def accept_return(*, intent_ids: list[str], **_newer: Any) -> str:
    """Agree to returns, many in one call (RT21)."""
    return keep_all("accept_return", intent_ids)


@app.task(name="reason-mapping.create_return", base=LedgerTask, **REASON_MAPPING.options())
def create_return(*, intent_id: str, **_newer: Any) -> str:
    """Make the twin of one return in Reveni (W1)."""
    return keep("create_return", intent_id)


@app.task(name="reason-mapping.cancel_return", base=LedgerTask, **REASON_MAPPING.options())
def cancel_return(*, intent_id: str, **_newer: Any) -> str:
    """Cancel the twin of a return that ended early (W5)."""
    return keep("cancel_return", intent_id)


@app.task(name="reason-mapping.receive_return", base=LedgerTask, **REASON_MAPPING.options())
def receive_return(*, intent_ids: list[str], **_newer: Any) -> str:
    """Tell Mirakl which parcels have arrived, many in one call (RT25)."""
    return keep_all("receive_return", intent_ids)


@app.task(name="reason-mapping.assess_return", base=LedgerTask, **REASON_MAPPING.options())
def assess_return(*, intent_ids: list[str], **_newer: Any) -> str:
    """Tell Mirakl what was in them, many in one call (RT26)."""
    return keep_all("assess_return", intent_ids)


@app.task(name="reason-mapping.close_return", base=LedgerTask, **REASON_MAPPING.options())
def close_return(*, intent_ids: list[str], **_newer: Any) -> str:
    """Close returns of which nothing is open, many in one call (RT27)."""
    return keep_all("close_return", intent_ids)


@app.task(name="reason-mapping.cancel_on_mirakl", base=LedgerTask, **REASON_MAPPING.options())
def cancel_on_mirakl(*, intent_ids: list[str], **_newer: Any) -> str:
    """Cancel returns that ended early in Reveni, many in one call (RT29)."""
    return keep_all("cancel_on_mirakl", intent_ids)
