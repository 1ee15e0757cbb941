"""`backhaul orders`: the shop's orders and their acknowledgement."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from integration.cli.options import AsJson, Limit
from integration.cli.output import show_list
from integration.cli.session import reading
from integration.ledger.lists import list_orders as ledger_orders

app = typer.Typer(help="Orders and their acknowledgement.", no_args_is_help=True)

State = Literal["waiting", "acknowledged", "missed", "held"]
COLUMNS = ("order_id", "state", "acknowledged_at", "acknowledged_by", "deadline", "reason")


@app.command("list", epilog="Example: backhaul orders list --state waiting")
def list_orders(
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Orders, nearest deadline first."""
    with reading() as tx:
        show_list(
            ledger_orders(tx, state=state), order_row, columns=COLUMNS, as_json=as_json, limit=limit,
            selected=state is not None, newest=state not in ("waiting", "held"),
            empty="No orders." if state is None else f"No order is {state}.",
            next_step="A held order goes on with: backhaul replay order ORDER_ID",
        )  # fmt: skip


def order_row(order: Any) -> dict[str, Any]:
    """An order, or its row in a list, as `--json` shows it."""
    return {
        "order_id": order.order_id,
        "commercial_id": order.commercial_id,
        "state": order.state,
        "reason": order.reason,
        "created_date": order.created_date,
        "first_seen_at": order.first_seen_at,
        "deadline": order.deadline,
        "acknowledged_at": order.acknowledged_at,
        "acknowledged_by": order.acknowledged_by,
    }
