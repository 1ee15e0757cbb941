"""The whole evidence of one refund, for a finance person with a pocket calculator."""

from __future__ import annotations

from typing import Any

import typer

from integration.cli.output import print_table, shown
from integration.cli.refund_row import calculation_of, refund_row
from integration.domain.refund_evidence import explain
from integration.domain.refunds import Calculation
from integration.ledger.journal import journal_of
from integration.ledger.refunds import Refund
from integration.ledger.store import Tx
from integration.ledger.tables import JournalEntry


def explanation_of(tx: Tx, refund: Refund) -> dict[str, Any]:
    """The refund's row, and beside it: the calculation in words and figures, what was asked and answered (OR28),
    what Reveni says that it pays (W3), the version of the mapping tables, the newest approval where it is above its
    limit, and the journal, oldest entry first.
    """
    calculation = calculation_of(refund)
    journal = journal_of(tx, refund.intent.id) if refund.intent is not None else []
    answers = [entry.evidence["answered"] for entry in journal if "answered" in entry.evidence]
    return {
        **refund_row(refund),
        "words": explain(Calculation.model_validate(calculation)) if calculation else [],
        "calculation": calculation,
        "request": calculation["asked"] if calculation else None,
        "answer": answers[-1] if answers else None,
        "reveni": refund.intent.plan.get("reveni") if refund.intent is not None else None,
        "mapping_version": refund.intent.plan.get("mapping_version") if refund.intent is not None else None,
        "approval": _approval(journal),
        "journal": [
            {
                "at": entry.at,
                "who": entry.who,
                "from_state": entry.from_state,
                "to_state": entry.to_state,
                "reason": entry.reason,
                "evidence": entry.evidence,
            }
            for entry in journal
        ],
    }


def tell(explained: dict[str, Any]) -> None:
    """The explanation on paper."""
    typer.echo(f"Refund {explained['refund_id']}: {explained['state']}")
    if explained["held_reason"]:
        typer.echo(f"It waits: {explained['held_reason']}. {explained['detail'] or ''}".rstrip())
    typer.echo("")
    for line in explained["words"] or [_no_calculation(explained)]:
        typer.echo(f"  {line}")
    typer.echo("")
    typer.echo(f"Mirakl's answer (OR28): {_words(explained['answer'])}")
    typer.echo(f"Mirakl's refund: {shown(explained['mirakl_refund_id']) or 'none'}"
               f" {shown(explained['mirakl_refund_state'])}".rstrip())  # fmt: skip
    typer.echo(f"Reveni's own figure (W3): {_words(explained['reveni'])}")
    if explained["approval"]:
        typer.echo(f"Approved for all refunds of its return together: {_words(explained['approval'])}")
    typer.echo(f"Reasons mapped with version: {explained['mapping_version'] or 'none'}")
    if explained["journal"]:
        typer.echo("")
        print_table(explained["journal"], ("at", "who", "from_state", "to_state", "reason"))


def _approval(journal: list[JournalEntry]) -> dict[str, Any] | None:
    """`total` is the most that all refunds of the return may come to, in `currency`; `by` who decided, `who` wrote it
    down, `at` when.
    """
    for entry in reversed(journal):
        if "approved" in entry.evidence:
            return {**entry.evidence["approved"], "by": entry.evidence["by"], "who": entry.who, "at": shown(entry.at)}
    return None


def _no_calculation(explained: dict[str, Any]) -> str:
    if explained["state"] == "external":
        return f"Made by others on Mirakl: {shown(explained['amount'])} {shown(explained['currency'])}."
    return "Nothing was worked out yet."


def _words(figures: dict[str, Any] | None) -> str:
    return ", ".join(f"{name} {value}" for name, value in (figures or {}).items() if value) or "none"
