"""`backhaul refunds`: what was refunded on Mirakl, and how each amount came about."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import typer

from integration.cli.explanation import explanation_of, tell
from integration.cli.options import AsJson, Limit
from integration.cli.output import print_json, progress, show_list
from integration.cli.refund_row import refund_row
from integration.cli.session import reading
from integration.cli.verification import chain_row, tell_chain, tell_verification, verified_row
from integration.ledger.journal import chain_head
from integration.ledger.lists import as_refund
from integration.ledger.lists import list_refunds as ledger_refunds
from integration.ledger.refunds import get_refund
from integration.usecases.refusal import Refused
from integration.usecases.verify_refunds import verify_chain, verify_refund

app = typer.Typer(help="Refunds on Mirakl, and how each amount came about.", no_args_is_help=True)

State = Literal["decided", "claimed", "unknown", "confirmed", "refunded", "held", "dropped", "external"]
COLUMNS = (
    "refund_id", "return_id", "order_line_id", "quantity", "state", "amount", "shipping_amount", "currency",
    "mirakl_refund_id", "held_reason",
)  # fmt: skip


@app.command("list", epilog="Example: backhaul refunds list --state held --json")
def list_refunds(
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Refunds, oldest first; those that others made are external."""
    with reading() as tx:
        show_list(
            ledger_refunds(tx, state=state), lambda row: refund_row(as_refund(row)), columns=COLUMNS, as_json=as_json,
            limit=limit, selected=state is not None,
            empty="No refunds." if state is None else f"No refund is {state}.",
            next_step="How an amount came about: backhaul refunds explain REFUND_ID",
        )  # fmt: skip


@app.command(epilog="Example: backhaul refunds explain 0b7e6f0e-4f5f-4d5c-9a37-0a3a2f6e2c11 --verify")
def explain(
    refund_id: UUID,
    verify: Annotated[
        bool, typer.Option("--verify", help="Work it out again from its evidence alone, and compare. Exit 1 if not so.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """One refund from its order to its payment: calculation, request, answer, Reveni's figure, journal."""
    with reading() as tx:
        refund = get_refund(tx, refund_id)
        if refund is None:
            raise Refused(f"There is no refund {refund_id}: see `backhaul refunds list`.")
        explained = explanation_of(tx, refund)
        verification = verify_refund(tx, refund) if verify else None
    if as_json:
        print_json(explained if verification is None else {**explained, "verification": verified_row(verification)})
    else:
        tell(explained)
        if verification is not None:
            tell_verification(verification, worked_out=explained["request"] is not None)
    if verification is not None and not verification.verified:
        raise typer.Exit(1)


@app.command("verify", epilog="Example: backhaul refunds verify")
def verify_all(as_json: AsJson = False) -> None:
    """Walk the chain of hashes over the evidence of all refunds. Exit 1 where something was changed in it."""
    with reading() as tx, progress(chain_head(tx).length, "entries") as walked:
        report = verify_chain(tx, walked=walked)
    if as_json:
        print_json(chain_row(report))
    else:
        tell_chain(report)
    if report.broken is not None:
        raise typer.Exit(1)
