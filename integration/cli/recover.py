"""`backhaul recover`: what a ledger that knows less than the world is to take over, and the end of its recovery."""

from __future__ import annotations

import typer

from integration.cli.options import Apply, AsJson
from integration.cli.output import print_json, print_table
from integration.cli.session import acting
from integration.usecases import recover as usecase
from integration.usecases.recover import Recovery

COLUMNS = ("kind", "subject", "units", "becomes", "why")


def recover(apply: Apply = False, as_json: AsJson = False) -> None:
    """Show what becomes of refunds, returns and units when the recovery ends; with --apply, end it."""
    with acting() as ports:
        done = usecase.recover(ports, apply=apply)
    if as_json:
        print_json(usecase.as_json(done, ports.settings.shop))
        return
    typer.echo(f"{done.detail}\nIn recovery since {done.since:%Y-%m-%d %H:%M:%S} UTC.")
    if done.gap_from is not None:
        typer.echo(f"The ledger's last entry from before is of {done.gap_from:%Y-%m-%d %H:%M:%S} UTC.")
    if done.changes:
        print_table([vars(change) for change in done.changes], COLUMNS)
    typer.echo(_summary(done))
    if done.applied:
        typer.echo("The recovery is over: the fleet sends again. What is held waits in `backhaul review list`.")
    elif done.missing:
        typer.echo("It cannot end yet:\n  - " + "\n  - ".join(done.missing))
    else:
        typer.echo("Nothing was changed yet. To do it, add --apply.")


def _summary(done: Recovery) -> str:
    counted = [
        f"{sum(change.kind == kind and change.becomes == becomes for change in done.changes)} {words}"
        for kind, becomes, words in (
            ("refund", "confirmed", "refunds are on Mirakl: confirmed"),
            ("refund", "held", "refunds held for a person"),
            ("refund", "sent", "refunds to be sent"),
            ("return", "created", "returns to be made in Reveni"),
            ("stock", "held", "movements of stock held for a person"),
        )
    ]
    return "; ".join(counted) + "."
