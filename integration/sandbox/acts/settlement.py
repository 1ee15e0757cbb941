"""What the operator does with money: refunds of its own, payouts, and mistakes that finance must find."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from integration.sandbox.mirakl.ledger import close_cycle
from integration.sandbox.mirakl.refunds import book_refund, draw_refund
from integration.sandbox.world import World


def refund_externally(
    world: World, order_line_id: str, *, amount: Any, shipping_amount: Any, reason_code: str, quantity: int
) -> str:
    """A person refunds a line in the back office; returns the refund's id."""
    order, line = world.lines[order_line_id]
    entry = {
        "amount": amount,
        "shipping_amount": shipping_amount,
        "reason_code": reason_code,
        "quantity": quantity,
    }
    refund = draw_refund(world, order, line, entry, mode=order.tax_mode, group=str(uuid.uuid4()), origin="operator")
    book_refund(world, order, line, refund)
    return refund.id


def erase_refund(world: World, refund_id: str) -> None:
    """A refund that was confirmed disappears from OR11 and TL02."""
    for order, line in world.lines.values():
        kept = [refund for refund in line.refunds if refund.id != refund_id]
        if len(kept) < len(line.refunds):
            line.refunds = kept
            order.updated = line.updated = world.now()
            world.transactions = [entry for entry in world.transactions if entry.refund_id != refund_id]
            return
    raise LookupError(f"there is no refund {refund_id}")


def close_billing_cycle(world: World, *, payout_state: str, reference: str | None) -> str:
    """Settle every payable line; returns the id of the billing cycle (SBC11)."""
    return close_cycle(world, payout_state=payout_state, reference=reference).id


def alter_transaction(world: World, refund_id: str, kind: str, *, by: Any) -> None:
    """The ledger says something else about a refund than OR28 did."""
    for entry in world.transactions:
        if entry.refund_id == refund_id and entry.type == kind:
            entry.amount += Decimal(str(by))
            entry.updated = world.now()
            return
    raise LookupError(f"refund {refund_id} has no transaction {kind}")
