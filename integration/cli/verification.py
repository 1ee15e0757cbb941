"""Whether refunds are what their evidence comes to, in words and as `--json` shows it."""

from __future__ import annotations

from typing import Any

import typer

from integration.cli.output import shown
from integration.usecases.verify_refunds import ChainReport, Verification


def verified_row(verification: Verification) -> dict[str, Any]:
    """`problems` are sentences; there is none where the refund is verified."""
    return {
        "verified": verification.verified,
        "entries": verification.entries,
        "problems": list(verification.problems),
    }


def tell_verification(verification: Verification, *, worked_out: bool) -> None:
    """The verification on paper, under the explanation."""
    typer.echo("")
    if not verification.verified:
        typer.echo("NOT VERIFIED:")
        for problem in verification.problems:
            typer.echo(f"  - {problem}")
        return
    figures = "worked out again from its evidence alone, it comes to the same" if worked_out else "no figures yet"
    typer.echo(f"Verified: {figures}; none of its {verification.entries} entries was changed.")


def chain_row(report: ChainReport) -> dict[str, Any]:
    """`head` is the newest entry's hash that could be reached; `broken` is None where that is the end of the chain."""
    broken = report.broken
    return {
        "verified": broken is None,
        "entries": report.head.length,
        "older_entries": report.older,
        "head": report.head.hash,
        "broken": None
        if broken is None
        else {
            "entry": broken.number,
            "refund_id": broken.refund_id,
            "at": broken.at,
            "problem": broken.problem,
        },
    }


def tell_chain(report: ChainReport) -> None:
    """The report on paper."""
    if report.older:
        typer.echo(f"{report.older} entries are from before there was a chain, and are not covered by it.")
    if report.broken is None:
        typer.echo(f"Verified: {report.head.length} entries, none of them changed. The newest seal, to note elsewhere:")
        typer.echo(report.head.hash)
        return
    typer.echo(f"NOT VERIFIED: {report.broken.problem}.")
    if report.broken.refund_id is not None:
        typer.echo(f"It is about refund {report.broken.refund_id}, at {shown(report.broken.at)}.")
    typer.echo(f"Up to there, {report.head.length} entries hold.")
