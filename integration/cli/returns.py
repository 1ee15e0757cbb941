"""`backhaul returns`: Mirakl's returns and their twins in Reveni."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from integration.cli.options import AsJson, Limit
from integration.cli.output import print_json, print_table, show_list, shown
from integration.cli.refund_row import refund_row
from integration.cli.session import reading
from integration.cli.stock import movement_row
from integration.ledger.listings import intents_of
from integration.ledger.lists import list_returns as ledger_returns
from integration.ledger.refunds import refunds
from integration.ledger.returns import get_return, lines_of
from integration.ledger.stock import movements
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, ReturnLineRow
from integration.usecases.refusal import Refused
from integration.usecases.replay_return import STEPS

app = typer.Typer(help="Mirakl's returns and their twins in Reveni.", no_args_is_help=True)

State = Literal["new", "held", "accepted", "open", "received", "judged", "closed", "canceled"]
COLUMNS = ("return_id", "order_id", "state", "mirakl_state", "reveni_return_id", "reveni_status", "held_reason")
PARTS = {
    "lines": (
        "order_line_id",
        "quantity",
        "reason_code",
        "reveni_reason",
        "disposition",
        "mapping_version",
        "accepted",
        "rejected",
    ),
    "steps": ("step", "state", "reason", "due_at", "mapping_version"),
    "refunds": ("refund_id", "order_line_id", "quantity", "state", "amount", "currency", "held_reason"),
    "movements": ("movement_id", "sku", "quantity", "location", "state", "reason"),
}
"""What a return consists of, each with the columns of its table."""


@app.command("list", epilog="Example: backhaul returns list --state held")
def list_returns(
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Returns, oldest first."""
    with reading() as tx:
        show_list(
            ledger_returns(tx, state=state), return_row, columns=COLUMNS, as_json=as_json, limit=limit,
            selected=state is not None, empty="No returns." if state is None else f"No return is {state}.",
            next_step="One return with all that belongs to it: backhaul returns show RETURN_ID",
        )  # fmt: skip


@app.command(epilog="Example: backhaul returns show 4c1d3f0e-5a55-4f0b-a0f5-1b1f6c7c2f10")
def show(return_id: str, as_json: AsJson = False) -> None:
    """One return (Mirakl's id) with its lines, steps, refunds and movements."""
    with reading() as tx:
        found = get_return(tx, return_id)
        if found is None:
            raise Refused(f"There is no return {return_id}: see `backhaul returns list`.")
        document = return_row(found) | _parts(tx, return_id)
    if as_json:
        print_json(document)
        return
    for name, value in document.items():
        if name not in PARTS:
            typer.echo(f"{name.replace('_', ' '):18}{shown(value)}")
    for name, columns in PARTS.items():
        if document[name]:
            typer.echo(f"\n{name}")
            print_table(document[name], columns)
    if found.held_reason:
        typer.echo(f"\nWhen its cause is mended: backhaul replay return {return_id}")


def return_row(found: Any) -> dict[str, Any]:
    """A return, or its row in a list, as `--json` shows it."""
    return {
        "return_id": found.return_id,
        "order_id": found.order_id,
        "commercial_id": found.commercial_id,
        "state": found.state,
        "held_reason": found.held_reason,
        "mirakl_state": found.mirakl_state,
        "reveni_return_id": found.reveni_return_id,
        "reveni_status": found.reveni_status,
        "reveni_type": found.reveni_type,
        "reveni_mode": found.reveni_mode,
        "mapping_version": found.mapping_version,
        "carrier": found.carrier,
        "tracking_number": found.tracking_number,
        "first_seen_at": found.first_seen_at,
    }


def _parts(tx: Tx, return_id: str) -> dict[str, Any]:
    return {
        "lines": [_line_row(line) for line in lines_of(tx, return_id)],
        "steps": [_step_row(intent) for intent in intents_of(tx, STEPS, return_id)],
        "refunds": [refund_row(refund) for refund in refunds(tx, return_id=return_id)],
        "movements": [movement_row(movement) for movement in movements(tx, return_id=return_id)],
    }


def _line_row(line: ReturnLineRow) -> dict[str, Any]:
    return {
        "order_line_id": line.order_line_id,
        "offer_sku": line.offer_sku,
        "received_sku": line.received_sku,
        "quantity": line.quantity,
        "reason_code": line.reason_code,
        "reveni_reason": line.reveni_reason,
        "disposition": line.disposition,
        "refund_reason": line.refund_reason,
        "shipping_refund": line.shipping_refund,
        "location": line.location,
        "mapping_version": line.mapping_version,
        "accepted": line.accepted,
        "rejected": line.rejected,
        "reject_reason": line.reject_reason,
        "restock": line.restock,
        "restocked": line.restocked,
    }


def _step_row(intent: Intent) -> dict[str, Any]:
    return {
        "step": intent.kind,
        "state": intent.state,
        "reason": intent.reason,
        "due_at": intent.due_at,
        "mapping_version": intent.plan.get("mapping_version"),
    }
