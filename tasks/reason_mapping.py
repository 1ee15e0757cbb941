"""The reason-mapping queue: a Mirakl return becomes a Reveni return and goes its way."""

from __future__ import annotations

from typing import Any

from tasks.app import LedgerTask, app
from tasks.keeping import keep
from tasks.policy import REASON_MAPPING


@app.task(name="reason-mapping.map_return", base=LedgerTask, **REASON_MAPPING.options())
def map_return(*, intent_id: str, **_newer: Any) -> None:
    """Translate the reasons of one return, strictly."""
    keep("map_return", intent_id)


@app.task(name="reason-mapping.accept_return", base=LedgerTask, **REASON_MAPPING.options())
def accept_return(*, intent_id: str, **_newer: Any) -> None:
    """Agree to one return (RT21)."""
    keep("accept_return", intent_id)


@app.task(name="reason-mapping.create_return", base=LedgerTask, **REASON_MAPPING.options())
def create_return(*, intent_id: str, **_newer: Any) -> None:
    """Make the twin of one return in Reveni (W1)."""
    keep("create_return", intent_id)


@app.task(name="reason-mapping.cancel_return", base=LedgerTask, **REASON_MAPPING.options())
def cancel_return(*, intent_id: str, **_newer: Any) -> None:
    """Cancel the twin of a return that ended early (W5)."""
    keep("cancel_return", intent_id)


@app.task(name="reason-mapping.receive_return", base=LedgerTask, **REASON_MAPPING.options())
def receive_return(*, intent_id: str, **_newer: Any) -> None:
    """Tell Mirakl that the parcel has arrived (RT25)."""
    keep("receive_return", intent_id)


@app.task(name="reason-mapping.assess_return", base=LedgerTask, **REASON_MAPPING.options())
def assess_return(*, intent_id: str, **_newer: Any) -> None:
    """Tell Mirakl what was in it (RT26)."""
    keep("assess_return", intent_id)


@app.task(name="reason-mapping.close_return", base=LedgerTask, **REASON_MAPPING.options())
def close_return(*, intent_id: str, **_newer: Any) -> None:
    """Close a return of which nothing is open (RT27)."""
    keep("close_return", intent_id)
