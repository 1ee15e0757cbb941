"""Fetch what is new before a month is closed, as far as Mirakl's ceilings allow, and say what is lacking."""

from __future__ import annotations

from collections.abc import Callable

from integration.errors import Retryable
from integration.usecases.ingest_cycles import ingest_cycles
from integration.usecases.ingest_transactions import Outcome, Progress, ingest_transactions, unwatched
from integration.usecases.look_for_refunds import look_for_refunds
from integration.usecases.ports import Ports


def refresh_account(ports: Ports, *, progress: Progress = unwatched) -> list[str]:
    """Read the account, its cycles and documents, and look for what they do not show; a sentence for all that is
    lacking. What is known already can be reported in any case.
    """
    return [
        *_said("TL02", lambda: {"TL02": ingest_transactions(ports, at_once=True, progress=progress)}),
        *_said("SBC11, IV01", lambda: ingest_cycles(ports)),
        *_said("OR11", lambda: {"OR11": Outcome(f"{look_for_refunds(ports)} looked for")}),
    ]


def _said(operations: str, read: Callable[[], dict[str, Outcome]]) -> list[str]:
    try:
        outcomes = read()
    except Retryable as failure:
        return [f"{operations}: {failure}"]
    return [f"{operation}: {outcome.words}." for operation, outcome in outcomes.items() if outcome.lacking]
