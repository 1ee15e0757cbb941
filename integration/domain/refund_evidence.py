"""A refund's calculation in words and numbers that a finance person can follow with a pocket calculator."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from integration.domain.orders import Tax
from integration.domain.refunds import Asked, Calculation, CodeAmount


def explain(calculation: Calculation) -> list[str]:
    """The calculation, a line of text for each step, without personal data."""
    return [
        *_facts(calculation),
        *(
            f"{share.what}: {share.formula} = {share.result}"
            f" (the line carries {share.whole}, of which {share.remaining_before} was left to refund)"
            for share in calculation.shares
        ),
        *_left_to_mirakl(calculation),
        *_request(calculation.asked),
        *_commission(calculation),
    ]


def _facts(calculation: Calculation) -> Iterable[str]:
    asked, order, line = calculation.asked, calculation.order, calculation.line
    canceled = sum(cancelation.quantity or 0 for cancelation in line.cancelations)
    yield (
        f"Refund of {asked.quantity} of {calculation.units} units of line {line.order_line_id}"
        f" ({line.offer_sku}) of order {order.order_id}, in {asked.currency}, {asked.order_tax_mode}."
    )
    yield f"Read from Mirakl (OR11): order {order.state}, last updated {order.last_updated_date}."
    yield (
        f"Units: quantity {line.quantity}, {canceled} canceled, {calculation.units} active at"
        f" {line.price_unit}; {calculation.done} refunded before."
    )
    for promotion in calculation.promotions:
        yield f"Promotion {promotion.id} took {promotion.deduced_amount} off; the prices are net of it."
    for past in line.refunds:
        whose = "ours" if past.id in calculation.ours else "made by others"
        yield f"Refunded before: {past.id} ({whose}), {past.amount} and shipping {past.shipping_amount}."


def _left_to_mirakl(calculation: Calculation) -> Iterable[str]:
    line, asked = calculation.line, calculation.asked
    if calculation.shipping_refund == "none":
        yield "shipping_price: not refunded, as the mapping of the return reason says."
    yield from _computed_by_mirakl("tax", line.taxes, asked.taxes)
    if calculation.shipping_refund == "proportional":
        yield from _computed_by_mirakl("shipping tax", line.shipping_taxes, asked.shipping_taxes)


def _computed_by_mirakl(kind: str, taxes: Iterable[Tax], sent: Iterable[CodeAmount]) -> Iterable[str]:
    codes = {part.code for part in sent}
    for tax in taxes:
        if tax.code not in codes:
            yield f"{kind} {tax.code}: worked out by Mirakl (PROPORTIONAL_TO_AMOUNT), so not sent."


def _request(asked: Asked) -> Iterable[str]:
    # TAX_INCLUDED amounts contain their taxes already (OR28).
    taxes = asked.taxes + asked.shipping_taxes if asked.order_tax_mode == "TAX_EXCLUDED" else ()
    on_top = [part.amount for part in (*taxes, *asked.fees)]
    total = sum(on_top, asked.amount + asked.shipping_amount)
    parts = " + ".join(map(str, [asked.amount, asked.shipping_amount, *on_top]))
    yield f"Asked of Mirakl (OR28), reason {asked.reason_code}: {parts} = {total} {asked.currency}."


def _commission(calculation: Calculation) -> Iterable[str]:
    line, asked = calculation.line, calculation.asked
    if calculation.expected_commission is None:
        yield "Commission given back: cannot be told, since the order does not say what was taken."
        return
    refunded: Decimal = asked.amount + asked.shipping_amount
    yield (
        f"Commission given back, expected: {line.total_commission} × {refunded} ÷ ({line.price} +"
        f" {line.shipping_price}) = {calculation.expected_commission} {asked.currency}."
    )
