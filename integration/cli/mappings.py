"""`backhaul mappings`: are the three files right, and what would they have done?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from integration.cli.options import AsJson
from integration.cli.output import print_json, print_table
from integration.cli.session import acting
from integration.errors import MappingError
from integration.settings import Settings
from integration.usecases.rehearse_mappings import Rehearsal, rehearse_mappings
from integration.wiring import make_mirakl
from mappings import Mappings, illegal_refund_reasons, load

app = typer.Typer(help="The tables of reasons and SKUs.", no_args_is_help=True)


@app.command(epilog="Example: backhaul mappings check --live")
def check(
    live: Annotated[bool, typer.Option("--live", help="Also ask Mirakl whether it allows the refund reasons.")] = False,
    as_json: AsJson = False,
) -> None:
    """Validate the files: every problem at once, with file, line and column. Exit 1 where there is one."""
    settings = Settings.load()
    report: dict[str, Any] = {"folder": str(settings.mappings_dir), "version": None, "live": live, "problems": []}
    try:
        tables = load(settings.mappings_dir, strict_skus=settings.sku_mapping == "strict")
    except MappingError as wrong:
        report["problems"] = wrong.problems
    else:
        report |= _sizes(tables)
        report |= _live(settings, tables) if live else {}
    if as_json:
        print_json(report)
    else:
        _tell_check(report)
    if report["problems"]:
        raise typer.Exit(1)


@app.command(epilog="Example: backhaul mappings rehearse --days 30")
def rehearse(
    days: Annotated[int, typer.Option(min=1, help="How far to look back.")] = 90, as_json: AsJson = False
) -> None:
    """Hold the files against the returns of the past: which would have been held, and how often."""
    with acting() as ports:
        rehearsal = rehearse_mappings(ports, days=days)
    if as_json:
        print_json(asdict(rehearsal))
    else:
        _tell_rehearsal(rehearsal)
    if not rehearsal.returns:
        raise typer.Exit(1)


def _sizes(tables: Mappings) -> dict[str, Any]:
    return {
        "version": tables.version,
        "return_reasons": len(tables.return_reasons.rows),
        "reject_reasons": len(tables.reject_reasons.rows),
        "skus": len(tables.skus.rows),
    }


def _live(settings: Settings, tables: Mappings) -> dict[str, Any]:
    """What RE01 forbids, and what it knows that the tables do not.

    A code may stand under several types there; what counts is whether it is a REFUND that the shop may give.
    """
    listed = sorted(make_mirakl(settings).reasons(), key=lambda reason: reason.type == "REFUND")
    reasons = {reason.code: (reason.type, bool(reason.is_shop_right)) for reason in listed}
    used = {row.mirakl_refund_reason for row in tables.return_reasons.rows}
    return {
        "problems": illegal_refund_reasons(tables, reasons),
        "allowed_and_not_used": sorted(
            code for code, of in reasons.items() if of == ("REFUND", True) and code not in used
        ),
        "return_reasons_without_a_row": sorted(
            {reason.code for reason in listed if reason.type == "RETURN"}
            - {row.mirakl_return_reason for row in tables.return_reasons.rows}
        ),
    }


def _tell_check(report: dict[str, Any]) -> None:
    if not report["problems"]:
        held_against = " and Mirakl allows every refund reason (RE01)" if report["live"] else ""
        typer.echo(f"{report['folder']} is in order{held_against}: version {report['version']}.")
        _tell_more(report)
        return
    typer.echo(f"{report['folder']} is not usable as it is:", err=True)
    for problem in report["problems"]:
        typer.echo(f"  - {problem}", err=True)
    typer.echo("Mend the files: a running fleet reads them again by itself.", err=True)


def _tell_more(report: dict[str, Any]) -> None:
    """What RE01 gained, which is no problem until a return comes with it."""
    if unmapped := report.get("return_reasons_without_a_row"):
        typer.echo(f"Mirakl also lists return reasons that would hold a return: {', '.join(unmapped)}.")
    if unused := report.get("allowed_and_not_used"):
        typer.echo(f"Mirakl would also allow a refund with {', '.join(unused)}.")


def _tell_rehearsal(rehearsal: Rehearsal) -> None:
    if not rehearsal.returns:
        typer.echo(f"No return changed in the last {rehearsal.days} days: try more with --days.")
        return
    typer.echo(f"{rehearsal.held} of {rehearsal.returns} returns of the last {rehearsal.days} days would be held.")
    print_table([{"reason": code, "lines": lines} for code, lines in rehearsal.reasons.items()], ("reason", "lines"))
    if rehearsal.findings:
        typer.echo("")
        print_table([asdict(finding) for finding in rehearsal.findings], ("held_reason", "what", "returns"))
        typer.echo("Mend return_reasons.csv and skus.csv, then rehearse again.")
