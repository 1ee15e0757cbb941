"""An order of two units at 25.00 GBP with 5.00 of shipping, and its refund, to vary in a test."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integration.domain.orders import Fee, Order, OrderLine, PastRefund, Tax
from integration.domain.refunds import Calculation, calculate

LINE_ID = "O-1-1"
NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def money(amount: str) -> Decimal:
    return Decimal(amount)


def a_line(**facts: Any) -> OrderLine:
    usual = {
        "order_line_id": LINE_ID,
        "offer_sku": "SKU-1",
        "state": "RECEIVED",
        "quantity": 2,
        "price": money("50.00"),
        "price_unit": money("25.00"),
        "shipping_price": money("5.00"),
        "total_commission": money("11.00"),
    }
    return OrderLine.model_validate({**usual, **facts})


def an_order(line: OrderLine | None = None, **facts: Any) -> Order:
    usual = {
        "order_id": "O-1",
        "state": "RECEIVED",
        "tax_mode": "TAX_INCLUDED",
        "currency": "GBP",
        "last_updated_date": NOW,
        "lines": (line or a_line(),),
    }
    return Order.model_validate({**usual, **facts})


def a_tax(code: str, amount: str | None, rule: str | None = "NONE") -> Tax:
    return Tax(code=code, amount=None if amount is None else money(amount), calculation_rule=rule)


def a_fee(code: str, amount: str) -> Fee:
    return Fee(code=code, amount=money(amount))


def a_past_refund(refund_id: str = "R-1", **facts: Any) -> PastRefund:
    usual = {
        "id": refund_id,
        "amount": money("25.00"),
        "shipping_amount": money("0.00"),
        "quantity": 1,
        "reason_code": "17",
        "created_date": NOW,
    }
    return PastRefund.model_validate({**usual, **facts})


def refund(order: Order, quantity: int = 1, **facts: Any) -> Calculation:
    usual: dict[str, Any] = {
        "order_line_id": LINE_ID,
        "reason_code": "17",
        "shipping_refund": "none",
        "ours": {},
        "fee_codes": frozenset(),
        "tax_rules": {},
        "currency": "GBP",
    }
    return calculate(order, quantity=quantity, **{**usual, **facts})
