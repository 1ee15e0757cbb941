"""How an order moves from state to state (mirakl.md 2.3) and what each step brings with it."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

from integration.sandbox.amounts import rounded
from integration.sandbox.mirakl.ledger import make_payable, post_sale
from integration.sandbox.mirakl.records import Order, Refund

if TYPE_CHECKING:
    from integration.sandbox.world import World

UNDEBITED = frozenset({"STAGING", "WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT"})
DEBITED = frozenset({"SHIPPING", "SHIPPED", "TO_COLLECT", "RECEIVED", "CLOSED"})
DEAD = frozenset({"REFUSED", "CANCELED"})
STATES = UNDEBITED | DEBITED | DEAD


def commission(world: World, base: Decimal, currency: str) -> tuple[Decimal, Decimal]:
    """The commission on an amount with its shipping, and the tax on that commission (mirakl.md 2.1, 3.1)."""
    fee = rounded(base * world.options.commission_rate, currency)
    return fee, rounded(fee * world.options.commission_tax_rate, currency)


def move(world: World, order: Order, state: str, *, debited: bool | None = None) -> None:
    """Put an order into a state; every line that was not refused or refunded follows.

    :raises ValueError: no such state.
    """
    if state not in STATES:
        raise ValueError(f"{state} is not a state of an order")
    now = world.now()
    order.state = state
    order.updated = now
    for line in order.lines:
        if line.state in ("REFUSED", "REFUNDED"):
            continue
        line.state = state
        line.updated = now
        if state in ("SHIPPED", "TO_COLLECT", "RECEIVED", "CLOSED"):
            line.shipped = line.shipped or now
        if state in ("RECEIVED", "CLOSED"):
            line.received = line.received or now
    if (state in DEBITED if debited is None else debited) and order.debited is None:
        order.debited = now
        for line in order.lines:
            line.debited = now
        post_sale(world, order)
    if state in ("RECEIVED", "CLOSED"):
        make_payable(world, order)


def begin_debit(world: World, order: Order) -> None:
    """After OR21: WAITING_DEBIT, WAITING_DEBIT_PAYMENT, SHIPPING, each when its time has come."""
    move(world, order, "WAITING_DEBIT")

    def ask() -> None:
        if order.state == "WAITING_DEBIT":
            move(world, order, "WAITING_DEBIT_PAYMENT")
            world.later(world.options.debit_delay, pay)

    def pay() -> None:
        if order.state == "WAITING_DEBIT_PAYMENT":
            move(world, order, "SHIPPING")

    world.later(world.options.debit_delay, ask)


def refuse_when_due(world: World, order: Order) -> None:
    """The operator refuses what the shop did not decide in time: REFUSED, with no decision date."""

    def refuse() -> None:
        if order.state == "WAITING_ACCEPTANCE":
            move(world, order, "REFUSED")

    delay = world.options.auto_refusal_delay
    if delay is not None:
        world.at(order.created + world.scaled(delay), refuse)


def follow_refund(world: World, order: Order, refund: Refund) -> None:
    """WAITING_REFUND, WAITING_REFUND_PAYMENT, REFUNDED, each when its time has come (mirakl.md 3.3)."""

    def send() -> None:
        refund.state = "WAITING_REFUND_PAYMENT"
        order.updated = world.now()
        world.later(world.options.refund_delay, pay)

    def pay() -> None:
        refund.state = "REFUNDED"
        refund.transaction_date = order.updated = world.now()
        refund.transaction_number = uuid.uuid4().hex

    world.later(world.options.refund_delay, send)
