"""The seller's account: which TL02 lines a sale, a refund and a closed billing cycle leave behind."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integration.sandbox.mirakl.records import (
    ZERO,
    BillingCycle,
    Line,
    Order,
    Refund,
    Tax,
    Transaction,
)

if TYPE_CHECKING:
    from integration.sandbox.world import World

RECEIVED = frozenset({"RECEIVED", "CLOSED"})


def post(world: World, kind: str, amount: Decimal, *, currency: str, state: str, **links: Any) -> None:
    """Write one line, unless there is nothing to write. The balance runs over all lines."""
    if amount == 0:
        return
    now = world.now()
    balance = (world.transactions[-1].balance if world.transactions else ZERO) + amount
    world.transactions.append(Transaction(str(uuid.uuid4()), kind, amount, balance, currency, now, now, state, **links))


def post_sale(world: World, order: Order) -> None:
    """The customer has paid: order amounts in, commission out, PENDING until the order is received."""
    for line in order.lines:
        if line.state == "REFUSED":
            continue
        facts: dict[str, Any] = {"currency": order.currency, "state": "PENDING", "order": order, "line": line}
        post(world, "ORDER_AMOUNT", _net(order, line.price, line.taxes), **facts)
        _post_taxes(world, "ORDER_AMOUNT_TAX", line.taxes, 1, facts)
        post(world, "ORDER_SHIPPING_AMOUNT", _net(order, line.shipping_price, line.shipping_taxes), **facts)
        _post_taxes(world, "ORDER_SHIPPING_AMOUNT_TAX", line.shipping_taxes, 1, facts)
        for fee in line.fees:
            post(world, "ORDER_FEE_AMOUNT", fee.amount, fee_code=fee.code, **facts)
        post(world, "COMMISSION_FEE", -line.commission_fee, **facts)
        post(world, "COMMISSION_VAT", -line.commission_tax, **facts)


def post_refund(world: World, order: Order, line: Line, refund: Refund) -> None:
    """Money goes back to the customer, and the commission on it to the seller (entities.refund.id)."""
    facts: dict[str, Any] = {
        "currency": order.currency,
        "state": "PAYABLE" if order.state in RECEIVED else "PENDING",
        "order": order,
        "line": line,
        "refund_id": refund.id,
    }
    post(world, "REFUND_ORDER_AMOUNT", -_net(order, refund.amount, refund.taxes), **facts)
    _post_taxes(world, "REFUND_ORDER_AMOUNT_TAX", refund.taxes, -1, facts)
    shipping = _net(order, refund.shipping_amount, refund.shipping_taxes)
    post(world, "REFUND_ORDER_SHIPPING_AMOUNT", -shipping, **facts)
    _post_taxes(world, "REFUND_ORDER_SHIPPING_AMOUNT_TAX", refund.shipping_taxes, -1, facts)
    for fee in refund.fees:
        post(world, "REFUND_ORDER_FEE_AMOUNT", -fee.amount, fee_code=fee.code, **facts)
    post(world, "REFUND_COMMISSION_FEE", refund.commission_fee, **facts)
    post(world, "REFUND_COMMISSION_VAT", refund.commission_tax, **facts)


def make_payable(world: World, order: Order) -> None:
    """The order is received: its lines enter the next billing cycle."""
    now = world.now()
    for entry in world.transactions:
        if entry.order is order and entry.payment_state == "PENDING":
            entry.payment_state = "PAYABLE"
            entry.updated = now


def close_cycle(world: World, *, payout_state: str, reference: str | None) -> BillingCycle:
    """Settle every payable line: one payout, one accounting document, one PAYMENT line (mirakl.md 6)."""
    number = 1 + len(world.cycles)
    due = [entry for entry in world.transactions if entry.payment_state == "PAYABLE"]
    cycle = BillingCycle(
        id=str(uuid.uuid4()),
        number=number,
        created=world.now(),
        currency=world.options.currency,
        transferred=sum((entry.amount for entry in due), ZERO),
        totals=_totals(due),
        payout_state=payout_state,
        reference=reference or (f"PAYOUT-{number:06d}" if payout_state == "PAID" else None),
    )
    post(
        world,
        "PAYMENT",
        -cycle.transferred,
        currency=cycle.currency,
        state="PAID",
        cycle_id=cycle.id,
        document_number=f"{number:012d}",
    )
    for entry in due:
        entry.payment_state = "PAID"
        entry.cycle_id = cycle.id
        entry.document_number = f"{number:012d}"
        entry.updated = cycle.created
    world.cycles.append(cycle)
    return cycle


def _net(order: Order, amount: Decimal, taxes: Sequence[Tax]) -> Decimal:
    """Without taxes, which have lines of their own: in both modes the lines sum to what the customer paid."""
    if order.tax_mode == "TAX_EXCLUDED":
        return amount
    return amount - sum((tax.amount for tax in taxes), ZERO)


def _post_taxes(world: World, kind: str, taxes: Sequence[Tax], sign: int, facts: dict[str, Any]) -> None:
    for tax in taxes:
        post(world, kind, sign * tax.amount, tax_code=tax.code, **facts)


# The part of an SBC11 summary that each type counts for, and whether it is there with taxes only.
_SUMMARY = {
    "ORDER_AMOUNT": ("payable_orders", False),
    "ORDER_SHIPPING_AMOUNT": ("payable_orders", False),
    "ORDER_AMOUNT_TAX": ("payable_orders", True),
    "ORDER_SHIPPING_AMOUNT_TAX": ("payable_orders", True),
    "ORDER_FEE_AMOUNT": ("fee", False),
    "COMMISSION_FEE": ("commissions", False),
    "COMMISSION_VAT": ("commissions", True),
    "REFUND_ORDER_AMOUNT": ("refund_orders", False),
    "REFUND_ORDER_SHIPPING_AMOUNT": ("refund_orders", False),
    "REFUND_ORDER_AMOUNT_TAX": ("refund_orders", True),
    "REFUND_ORDER_SHIPPING_AMOUNT_TAX": ("refund_orders", True),
    "REFUND_ORDER_FEE_AMOUNT": ("refund_fee", False),
    "REFUND_COMMISSION_FEE": ("refund_commissions", False),
    "REFUND_COMMISSION_VAT": ("refund_commissions", True),
}


def _totals(entries: Sequence[Transaction]) -> dict[str, Decimal]:
    """`total_<part>_excl_tax` and `total_<part>_incl_tax`, signed as the seller sees them."""
    totals = {f"total_{part}_{kind}_tax": ZERO for part, _ in _SUMMARY.values() for kind in ("excl", "incl")}
    for entry in entries:
        part, is_tax = _SUMMARY[entry.type]
        totals[f"total_{part}_incl_tax"] += entry.amount
        if not is_tax:
            totals[f"total_{part}_excl_tax"] += entry.amount
    return totals
