"""What happens on the marketplace without the seller's doing: orders, returns, settings."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from integration.sandbox.amounts import rounded
from integration.sandbox.mirakl import seeding
from integration.sandbox.mirakl.lifecycle import commission, move
from integration.sandbox.mirakl.records import Cancelation, MiraklReturn, Reason, ReturnLine
from integration.sandbox.world import World

RETURN_STATES = frozenset(
    {"WAITING_ACCEPTANCE", "IN_PROGRESS", "REFUSED", "RECEIVED", "NO_RECEPTION", "CLOSED", "CANCELED"}
)


def seed_order(world: World, spec: Mapping[str, Any]) -> str:
    return seeding.seed_order(world, spec).order_id


def seed_orders(world: World, count: int, **facts: Any) -> list[str]:
    return [order.order_id for order in seeding.seed_orders(world, count, **facts)]


def set_order_state(world: World, order_id: str, state: str) -> None:
    """Whatever the operator, the carrier or the shopper brings about: SHIPPED, RECEIVED, CLOSED, CANCELED."""
    move(world, world.orders[order_id], state)


def cancel_units(
    world: World, order_line_id: str, quantity: int, *, shows_reduced_quantity: bool, shipping_amount: Any = 0
) -> None:
    """Cancel units of a line. Its price drops at once; whether `quantity` does, Mirakl leaves open."""
    order, line = world.lines[order_line_id]
    now = world.now()
    amount = rounded(line.price_unit * quantity, order.currency)
    shipping = rounded(Decimal(str(shipping_amount)), order.currency)
    line.cancelations.append(Cancelation(world.number(), quantity, amount, shipping, now))
    line.price -= amount
    line.shipping_price -= shipping
    line.commission_fee, line.commission_tax = commission(world, line.price + line.shipping_price, order.currency)
    if shows_reduced_quantity:
        line.quantity -= quantity
    order.updated = line.updated = now


def open_return(
    world: World, order_id: str, lines: Sequence[Mapping[str, Any]], *, state: str, reason_code: str | None
) -> str:
    """The shopper asks for a return; each line has order_line_id, quantity and, mostly, reason_code."""
    if state not in RETURN_STATES:
        raise ValueError(f"{state} is not a state of a return")
    order = world.orders[order_id]
    known = {line.order_line_id for line in order.lines}
    if unknown := [line["order_line_id"] for line in lines if line["order_line_id"] not in known]:
        raise LookupError(f"order {order_id} has no line {unknown[0]}")
    now = world.now()
    opened = MiraklReturn(
        id=str(uuid.uuid4()),
        order=order,
        state=state,
        reason_code=reason_code,
        created=now,
        updated=now,
        lines=[ReturnLine(line["order_line_id"], line["quantity"], line.get("reason_code")) for line in lines],
    )
    world.returns[opened.id] = opened
    return opened.id


def set_return_state(world: World, return_id: str, state: str) -> None:
    """The shopper or the operator moves a return: CANCELED, NO_RECEPTION, REFUSED."""
    if state not in RETURN_STATES:
        raise ValueError(f"{state} is not a state of a return")
    world.returns[return_id].state = state
    world.returns[return_id].updated = world.now()


def change_return(
    world: World, return_id: str, *, lines: Sequence[Mapping[str, Any]] | None, tracking_number: str | None
) -> None:
    """The shopper sends other units back than announced, or hands the parcel to the carrier."""
    changed = world.returns[return_id]
    if lines is not None:
        changed.lines = [ReturnLine(line["order_line_id"], line["quantity"], line.get("reason_code")) for line in lines]
    changed.tracking_number = tracking_number or changed.tracking_number
    changed.updated = world.now()


def set_reasons(world: World, reasons: Sequence[Mapping[str, Any]]) -> None:
    """Replace what RE01 answers."""
    world.reasons = [Reason(**reason) for reason in reasons]


def set_configuration(world: World, over: Mapping[str, Any]) -> None:
    """Lay settings over what PC01 answers; the platform's tax mode is obeyed from then on."""
    world.configuration = dict(over)
    mode = over.get("features", {}).get("order_tax_mode")
    if mode is not None:
        world.options = replace(world.options, tax_mode=mode)


def set_balance(world: World, *, pending: Any = None, payable: Any = None) -> None:
    """What OR28 may draw on."""
    if pending is not None:
        world.pending_balance = Decimal(str(pending))
    if payable is not None:
        world.payable_balance = Decimal(str(payable))
