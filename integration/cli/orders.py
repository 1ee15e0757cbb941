"""`backhaul orders`: the shop's orders and their acknowledgement."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from integration.cli.options import AsJson, Limit
from integration.cli.output import show_rows
from integration.cli.session import reading
from integration.ledger.orders import orders
from integration.ledger.tables import OrderRow

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
        rows = [order_row(order) for order in orders(tx, state=state, limit=limit)]
    show_rows(
        rows, columns=COLUMNS, as_json=as_json, selected=state is not None,
        empty="No orders." if state is None else f"No order is {state}.",
        next_step="A held order goes on with: backhaul replay order ORDER_ID",
    )  # fmt: skip


def order_row(order: OrderRow) -> dict[str, Any]:
    """An order as `--json` shows it."""
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
