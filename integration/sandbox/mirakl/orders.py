"""OR11 (read orders) and OR21 (accept or refuse their lines)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from integration.sandbox.calls import Answer, Call
from integration.sandbox.mirakl.lifecycle import STATES, begin_debit, move
from integration.sandbox.mirakl.paging import offset_page
from integration.sandbox.mirakl.records import Order
from integration.sandbox.mirakl.refusals import body_of, date_of, refusal
from integration.sandbox.mirakl.views import order_view

if TYPE_CHECKING:
    from integration.sandbox.world import World

TAX_MODES = ("TAX_INCLUDED", "TAX_EXCLUDED")


def list_orders(world: World, call: Call) -> Answer:
    """OR11: offset pages in order of creation, amounts in the tax mode asked for."""
    mode = call.one("order_tax_mode")
    if mode not in (None, *TAX_MODES):
        raise refusal(400, "Error with parameter order_tax_mode. Please check the datatype.")
    if call.one("sort") not in (None, "dateCreated") or call.one("order") not in (None, "asc", "desc"):
        raise refusal(400, "Error with parameter sort. Please check the datatype.")
    conditions = _conditions(world, call)
    ids = call.listed("order_ids")
    if len(ids) > 100:
        raise refusal(400, "The limit of 100 is exceeded for the parameter : order_ids")
    among = [world.orders[each] for each in ids if each in world.orders] if ids else world.orders.values()
    found = sorted(
        (order for order in among if all(holds(order) for holds in conditions)),
        key=lambda order: (order.created, order.order_id),
        reverse=call.one("order") == "desc",
    )
    return offset_page(call, found, "orders", lambda order: order_view(world, order, mode))


def _conditions(world: World, call: Call) -> list[Callable[[Order], bool]]:
    conditions: list[Callable[[Order], bool]] = []
    states = set(call.listed("order_state_codes"))
    if states - STATES:
        raise refusal(400, "Error with parameter order_state_codes. Please check the datatype.")
    if states:
        conditions.append(lambda order: order.state in states)
    # Mirakl looks a little further back than it is asked to, so that nothing is missed (mirakl.md 2.1).
    delta = {"start_update_date": world.scaled(world.options.update_date_delta)}
    for name, field in (("start_date", "created"), ("start_update_date", "updated")):
        if (since := date_of(call, name)) is not None:
            earliest = since - delta.get(name, timedelta())
            # Mypy infers no type for a lambda with defaults.
            conditions.append(lambda order, field=field, at=earliest: getattr(order, field) >= at)  # type: ignore[misc]
    for name, field in (("end_date", "created"), ("end_update_date", "updated")):
        if (until := date_of(call, name)) is not None:
            # Mypy infers no type for a lambda with defaults.
            conditions.append(lambda order, field=field, at=until: getattr(order, field) <= at)  # type: ignore[misc]
    return conditions


def accept_order(world: World, call: Call) -> Answer:
    """OR21: 204 once; every later call finds the order in another state and is refused."""
    order_id = call.path["order_id"]
    world.books.accepts[order_id].calls += 1
    order = world.orders.get(order_id)
    if order is None:
        raise refusal(404, f"Order {order_id} not found", "ORDER_NOT_FOUND")
    decisions = _decisions(order, body_of(call, "order_lines")["order_lines"])
    if order.state != "WAITING_ACCEPTANCE":
        raise refusal(400, f"Order {order_id} is in state {order.state}", "ORDER_INVALID_STATE")
    if order.fulfillment_center != "DEFAULT":
        raise refusal(400, "The order is fulfilled by the operator", "ORDER_FULFILLED_UNAUTHORIZED")
    if len(set(decisions.values())) > 1 and not world.options.partial_acceptance:
        raise refusal(400, "Partial acceptance is disabled", "ORDER_PARTIAL_ACCEPTANCE_DISABLED")
    world.books.accepts[order_id].effective += 1
    order.accepted = world.now()
    for line in order.lines:
        if not decisions[line.order_line_id]:
            line.state = "REFUSED"
    if any(decisions.values()):
        begin_debit(world, order)
    else:
        move(world, order, "REFUSED")
    return Answer(204)


def _decisions(order: Order, asked: list[Any]) -> dict[str, bool]:
    """The decision on every line of the order.

    :raises Refused: 400 with the code that OR21 publishes for what is wrong.
    """
    known = {line.order_line_id for line in order.lines}
    decisions: dict[str, bool] = {}
    for entry in asked:
        if entry is None:
            raise refusal(400, "The list holds a null element", "ORDER_LINE_NULL_ELEMENT")
        if not isinstance(entry, dict) or not isinstance(entry.get("accepted"), bool) or "id" not in entry:
            raise refusal(400, "Input validation failed", "VALIDATION_ERROR")
        if entry["id"] in decisions:
            raise refusal(400, f"Order line {entry['id']} is given twice", "ORDER_LINE_DUPLICATE_ID")
        if entry["id"] not in known:
            raise refusal(400, f"Order line {entry['id']} not found", "ORDER_LINE_NOT_FOUND")
        decisions[entry["id"]] = entry["accepted"]
    if known - decisions.keys():
        raise refusal(400, "A decision is missing", "ORDER_LINE_ACCEPTANCE_DECISION_MISSING")
    return decisions
