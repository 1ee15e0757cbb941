"""`backhaul stock`: units that came back, and whether they are on sale again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from integration.cli.options import AsJson, Limit
from integration.cli.output import show_list
from integration.cli.session import reading
from integration.ledger.lists import list_movements as ledger_movements

app = typer.Typer(help="Units that came back, and whether they are on sale again.", no_args_is_help=True)

State = Literal["pending", "sent", "done", "parked", "held", "excluded"]
COLUMNS = ("movement_id", "sku", "quantity", "location", "state", "reason", "return_id")


@app.command("list", epilog="Example: backhaul stock list --state parked")
def list_movements(
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Movements of stock, oldest first."""
    with reading() as tx:
        show_list(
            ledger_movements(tx, state=state), movement_row, columns=COLUMNS, as_json=as_json, limit=limit,
            selected=state is not None, empty="No movements." if state is None else f"No movement is {state}.",
            next_step="A held or parked movement goes on with: backhaul replay stock MOVEMENT_ID",
        )  # fmt: skip


def movement_row(movement: Any) -> dict[str, Any]:
    """A movement, or its row in a list, as `--json` shows it. `sku` is Mirakl's offer SKU."""
    return {
        "movement_id": movement.id,
        "return_id": movement.return_id,
        "order_line_id": movement.order_line_id,
        "sku": movement.sku,
        "quantity": movement.quantity,
        "location": movement.location,
        "state": movement.state,
        "reason": movement.reason,
        "detail": movement.detail,
        "created_at": movement.created_at,
        "done_at": movement.done_at,
    }
