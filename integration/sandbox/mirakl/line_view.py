"""An order line, its refunds and its cancelations as OR11 answers them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from integration.sandbox.amounts import rounded
from integration.sandbox.mirakl.records import ZERO, Cancelation, Fee, Line, Order, Promotion, Refund, Tax


def expressed(order: Order, amount: Decimal, taxes: Sequence[Tax], mode: str) -> Decimal:
    """An amount of the order in the wanted tax mode: with its taxes, or without them."""
    if mode == order.tax_mode:
        return amount
    total = sum((tax.amount for tax in taxes), ZERO)
    return amount + total if mode == "TAX_INCLUDED" else amount - total


def line_view(order: Order, line: Line, mode: str) -> dict[str, Any]:
    """One element of `order_lines`; amounts in the wanted tax mode."""
    price = expressed(order, line.price, line.taxes, mode)
    shipping = expressed(order, line.shipping_price, line.shipping_taxes, mode)
    units = line.quantity - sum(each.quantity for each in line.cancelations)
    own_mode = mode == order.tax_mode or units == 0
    deduced = sum((each.deduced_amount for each in line.promotions), ZERO)
    price_unit = line.price_unit if own_mode else rounded(price / units, order.currency)
    return {
        "can_refund": line.debited is not None and not line.refunds,
        "cancelations": [_cancelation(each) for each in line.cancelations],
        "category_code": "WOMENSWEAR",
        "category_label": "Womenswear",
        "commission_fee": line.commission_fee,
        "commission_rate_vat": Decimal("20.0000"),
        "commission_taxes": [{"amount": line.commission_tax, "code": "TAXDEFAULT", "rate": Decimal("20.0000")}],
        "commission_vat": line.commission_tax,
        "created_date": line.created,
        "debited_date": line.debited,
        "description": line.title,
        "fees": [_fee(fee) for fee in line.fees],
        "last_updated_date": line.updated,
        "offer_id": 1000 + line.index,
        "offer_sku": line.offer_sku,
        "offer_state_code": "11",
        "order_line_additional_fields": [],
        "order_line_id": line.order_line_id,
        "order_line_index": line.index,
        "order_line_state": line.state,
        "origin_unit_price": price_unit + rounded(deduced / max(units, 1), order.currency),
        "price": price,
        "price_unit": price_unit,
        "product_medias": [],
        "product_shop_sku": line.offer_sku,
        "product_sku": f"P-{line.offer_sku}",
        "product_title": line.title,
        "promotions": [_promotion(each) for each in line.promotions],
        "quantity": line.quantity,
        "received_date": line.received,
        "refunds": [_refund(order, refund, mode) for refund in line.refunds],
        "shipped_date": line.shipped,
        "shipping_price": shipping,
        "shipping_taxes": [_ruled_tax(tax) for tax in line.shipping_taxes],
        "taxes": [_ruled_tax(tax) for tax in line.taxes],
        "total_commission": line.commission_fee + line.commission_tax,
        "total_price": price + shipping + sum((fee.amount for fee in line.fees), ZERO),
    }


def tax_view(tax: Tax) -> dict[str, Any]:
    view: dict[str, Any] = {"amount": tax.amount, "code": tax.code}
    return view if tax.rate is None else {**view, "rate": tax.rate}


def _ruled_tax(tax: Tax) -> dict[str, Any]:
    view = tax_view(tax)
    return view if tax.rule is None else {**view, "tax_calculation_rule": tax.rule}


def _fee(fee: Fee) -> dict[str, Any]:
    return {"amount": fee.amount, "code": fee.code}


def _promotion(promotion: Promotion) -> dict[str, Any]:
    return {
        "apportioned": True,
        "configuration": {"internal_description": promotion.id, "type": "AMOUNT_OFF"},
        "deduced_amount": promotion.deduced_amount,
        "id": promotion.id,
    }


def _cancelation(cancelation: Cancelation) -> dict[str, Any]:
    return {
        "amount": cancelation.amount,
        "commission_amount": ZERO,
        "commission_taxes": [],
        "commission_total_amount": ZERO,
        "created_date": cancelation.created,
        "id": cancelation.id,
        "quantity": cancelation.quantity,
        "reason_code": cancelation.reason_code,
        "shipping_amount": cancelation.shipping_amount,
        "shipping_taxes": [],
        "taxes": [],
    }


def _refund(order: Order, refund: Refund, mode: str) -> dict[str, Any]:
    return {
        "amount": expressed(order, refund.amount, refund.taxes, mode),
        "commission_amount": refund.commission_fee,
        "commission_tax_amount": refund.commission_tax,
        "commission_taxes": [{"amount": refund.commission_tax, "code": "TAXDEFAULT"}],
        "commission_total_amount": refund.commission_fee + refund.commission_tax,
        "created_date": refund.created,
        "fees": [_fee(fee) for fee in refund.fees],
        "id": refund.id,
        "order_refund_id": refund.order_refund_id,
        "quantity": refund.quantity,
        "reason_code": refund.reason_code,
        "refund_state": refund.state,
        "shipping_amount": expressed(order, refund.shipping_amount, refund.shipping_taxes, mode),
        "shipping_taxes": [tax_view(tax) for tax in refund.shipping_taxes],
        "state": refund.state,
        "taxes": [tax_view(tax) for tax in refund.taxes],
        "transaction_date": refund.transaction_date,
        "transaction_number": refund.transaction_number,
    }
