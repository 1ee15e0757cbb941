"""OR28: the refund of order lines. Not idempotent: the same body twice is two refunds."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integration.sandbox.amounts import amount_of
from integration.sandbox.calls import Answer, Call
from integration.sandbox.mirakl.ledger import RECEIVED, post_refund
from integration.sandbox.mirakl.lifecycle import DEAD, UNDEBITED, commission, follow_refund
from integration.sandbox.mirakl.line_view import expressed, tax_view
from integration.sandbox.mirakl.orders import TAX_MODES
from integration.sandbox.mirakl.records import ZERO, Fee, Line, Order, Refund
from integration.sandbox.mirakl.refund_parts import Part, cap
from integration.sandbox.mirakl.refusals import body_of, refusal

if TYPE_CHECKING:
    from integration.sandbox.world import World

_MALFORMED = "Error with field refunds. Please check the field datatype."


def refund_lines(world: World, call: Call) -> Answer:
    """OR28: all of the refunds asked for, or none and a 400."""
    body = body_of(call, "refunds")
    mode = body.get("order_tax_mode") or world.options.tax_mode
    entries = body["refunds"]
    if mode not in TAX_MODES or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise refusal(400, _MALFORMED)
    if len({entry.get("order_line_id") for entry in entries}) < len(entries):
        raise refusal(400, "An order line is given twice")
    made = []
    groups: dict[str, str] = {}
    for entry in entries:
        order, line = _refundable(world, entry)
        group = groups.setdefault(order.order_id, str(uuid.uuid4()))
        made.append((order, line, draw_refund(world, order, line, entry, mode=mode, group=group)))
    _draw_on_balance(world, made)
    for order, line, refund in made:
        book_refund(world, order, line, refund)
    return Answer(
        body={
            "order_tax_mode": mode,
            "refunds": [_answered(order, line, refund, mode) for order, line, refund in made],
        }
    )


def draw_refund(
    world: World,
    order: Order,
    line: Line,
    entry: Mapping[str, Any],
    *,
    mode: str,
    group: str,
    origin: str = "api",
) -> Refund:
    """The refund that an entry asks for, within what is left of the line; nothing is changed yet.

    :raises Refused: 400 for an amount that is malformed, or larger than what is left.
    """
    rules = {rule.code: rule.tax_calculation_rule for rule in world.taxes}
    price = Part(
        "amount",
        order,
        line.price,
        line.taxes,
        _sum(each.amount for each in line.refunds),
        [tax for each in line.refunds for tax in each.taxes],
        rules,
    )
    shipping = Part(
        "shipping amount",
        order,
        line.shipping_price,
        line.shipping_taxes,
        _sum(each.shipping_amount for each in line.refunds),
        [tax for each in line.refunds for tax in each.shipping_taxes],
        rules,
    )
    try:
        amount, taxes = price.take(entry["amount"], entry.get("taxes"), mode)
        shipping_amount, shipping_taxes = shipping.take(entry["shipping_amount"], entry.get("shipping_taxes"), mode)
        fees = _fees(order, line, entry.get("fees") or [])
        quantity = int(entry.get("quantity") or 0)
    except (KeyError, TypeError, ValueError) as error:
        raise refusal(400, _MALFORMED) from error
    if amount + shipping_amount + _sum(fee.amount for fee in fees) == 0:
        raise refusal(400, "There is nothing to refund")
    commission_fee, commission_tax = commission(world, amount + shipping_amount, order.currency)
    return Refund(
        id=world.number(),
        order_refund_id=group,
        amount=amount,
        shipping_amount=shipping_amount,
        taxes=taxes,
        shipping_taxes=shipping_taxes,
        fees=fees,
        quantity=quantity,
        reason_code=str(entry["reason_code"]),
        commission_fee=commission_fee,
        commission_tax=commission_tax,
        created=world.now(),
        origin=origin,
        excluded_from_shipment=bool(entry.get("excluded_from_shipment", False)),
    )


def book_refund(world: World, order: Order, line: Line, refund: Refund) -> None:
    """The refund is made: the line shows it at an unchanged price, the account moves, payment begins."""
    line.refunds.append(refund)
    order.updated = line.updated = refund.created
    if _sum(each.amount for each in line.refunds) >= line.price and (
        _sum(each.shipping_amount for each in line.refunds) >= line.shipping_price
    ):
        line.state = "REFUNDED"
    post_refund(world, order, line, refund)
    follow_refund(world, order, refund)


def _refundable(world: World, entry: Mapping[str, Any]) -> tuple[Order, Line]:
    """The line to refund, if its order, its reason and its currency allow it.

    :raises Refused: 404 for a line that is not there, else 400.
    """
    found = world.lines.get(str(entry.get("order_line_id")))
    if found is None:
        raise refusal(404, f"Order line {entry.get('order_line_id')} not found")
    order, line = found
    if order.state == "CLOSED" or order.state in DEAD or line.state == "REFUSED":
        raise refusal(400, f"The order is {order.state} and can no longer be refunded")
    if order.state in UNDEBITED or line.debited is None:
        raise refusal(400, "The order line has not been debited yet")
    allowed = {reason.code for reason in world.reasons if reason.type == "REFUND" and reason.is_shop_right}
    if entry.get("reason_code") not in allowed:
        raise refusal(400, f"The reason {entry.get('reason_code')} is not allowed for a refund by the shop")
    currency = entry.get("currency_iso_code")
    if currency is None and order.currency != world.options.platform_currency:
        raise refusal(400, "The currency is required")
    if currency not in (None, order.currency):
        raise refusal(400, f"The currency of the order is {order.currency}")
    return order, line


def _fees(order: Order, line: Line, asked: Iterable[Mapping[str, Any]]) -> list[Fee]:
    fees = [Fee(str(fee["code"]), amount_of(fee["amount"], order.currency)) for fee in asked]
    for fee in fees:
        done = _sum(each.amount for refund in line.refunds for each in refund.fees if each.code == fee.code)
        whole = _sum(each.amount for each in line.fees if each.code == fee.code)
        cap(f"fee {fee.code}", done + fee.amount, whole)
    return fees


def _draw_on_balance(world: World, made: Iterable[tuple[Order, Line, Refund]]) -> None:
    """What the customers get, less the commission given back, from the balance that each order stands on.

    :raises Refused: 400 with the words that a refusal for want of money really has.
    """
    needed = {"pending": ZERO, "payable": ZERO}
    for order, _, refund in made:
        balance = "payable" if order.state in RECEIVED else "pending"
        customer = expressed(order, refund.amount, refund.taxes, "TAX_INCLUDED")
        customer += expressed(order, refund.shipping_amount, refund.shipping_taxes, "TAX_INCLUDED")
        needed[balance] += customer + _sum(fee.amount for fee in refund.fees)
        needed[balance] -= refund.commission_fee + refund.commission_tax
    if needed["pending"] > world.pending_balance or needed["payable"] > world.payable_balance:
        raise refusal(400, "The shop does not have a sufficient payable balance for the refund")
    world.pending_balance -= needed["pending"]
    world.payable_balance -= needed["payable"]


def _answered(order: Order, line: Line, refund: Refund, mode: str) -> dict[str, Any]:
    return {
        "amount": expressed(order, refund.amount, refund.taxes, mode),
        "currency_iso_code": order.currency,
        "excluded_from_shipment": refund.excluded_from_shipment,
        "fees": [{"amount": fee.amount, "code": fee.code} for fee in refund.fees],
        "order_line_id": line.order_line_id,
        "order_refund_id": refund.order_refund_id,
        "quantity": refund.quantity,
        "reason_code": refund.reason_code,
        "refund_id": refund.id,
        "shipping_amount": expressed(order, refund.shipping_amount, refund.shipping_taxes, mode),
        "shipping_taxes": [tax_view(tax) for tax in refund.shipping_taxes],
        "taxes": [tax_view(tax) for tax in refund.taxes],
    }


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
