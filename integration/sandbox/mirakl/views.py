"""An order as OR11 answers it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integration.sandbox.mirakl.lifecycle import DEAD, UNDEBITED
from integration.sandbox.mirakl.line_view import expressed, line_view
from integration.sandbox.mirakl.records import ZERO, Line, Order

if TYPE_CHECKING:
    from integration.sandbox.world import World


def order_view(world: World, order: Order, mode: str | None = None) -> dict[str, Any]:
    """One element of OR11 `orders`, its amounts in the tax mode asked for (else the order's own)."""
    wanted = mode or order.tax_mode
    # Refused lines keep their totals but do not count in the order's (mirakl.md 2.1).
    active = [line for line in order.lines if line.state != "REFUSED"]
    price = _sum(expressed(order, line.price, line.taxes, wanted) for line in active)
    shipping = _sum(expressed(order, line.shipping_price, line.shipping_taxes, wanted) for line in active)
    fees = _sum(fee.amount for line in active for fee in line.fees)
    view: dict[str, Any] = {
        "acceptance_decision_date": order.accepted,
        "can_cancel": order.state in UNDEBITED,
        "can_shop_ship": order.state == "SHIPPING",
        "channel": None,
        "commercial_id": order.commercial_id,
        "created_date": order.created,
        "currency_iso_code": order.currency,
        "customer": _customer(world, order),
        "customer_debited_date": order.debited,
        "customer_directly_pays_seller": False,
        "customer_notification_email": order.shopper["email"],
        "fulfillment": {"center": {"code": order.fulfillment_center}},
        "fully_refunded": bool(active) and all(_refunded(line) for line in active),
        "has_customer_message": False,
        "has_incident": False,
        "has_invoice": False,
        "last_updated_date": order.updated,
        "leadtime_to_ship": 2,
        "order_additional_fields": [],
        "order_id": order.order_id,
        "order_lines": [line_view(order, line, wanted) for line in order.lines],
        "order_state": order.state,
        "order_state_reason_code": None,
        "order_state_reason_label": None,
        "order_tax_mode": wanted,
        "paymentType": "CARD",
        "payment_type": "CARD",
        "payment_workflow": "PAY_ON_ACCEPTANCE",
        "price": price,
        "promotions": {
            "applied_promotions": [],
            "total_deduced_amount": _sum(each.deduced_amount for line in active for each in line.promotions),
        },
        "references": None,
        "shipping_company": None,
        "shipping_price": shipping,
        "shipping_tracking": None,
        "shipping_type_code": "STD",
        "shipping_type_label": "Standard",
        "shipping_zone_code": "UK",
        "shipping_zone_label": "United Kingdom",
        "total_commission": _sum(line.commission_fee + line.commission_tax for line in active),
        "total_price": price + shipping + fees,
        "transaction_date": order.debited,
        "transaction_number": f"T-{order.commercial_id}" if order.debited else None,
    }
    return _in_dialect(view, world.options.dialect)


def _refunded(line: Line) -> bool:
    amounts = _sum(refund.amount for refund in line.refunds)
    shipping = _sum(refund.shipping_amount for refund in line.refunds)
    return amounts >= line.price and shipping >= line.shipping_price


def _customer(world: World, order: Order) -> dict[str, Any]:
    """The shopper; the addresses are null before acceptance unless the platform shows them (PC01)."""
    hidden = order.state in ("STAGING", "WAITING_ACCEPTANCE") or order.state in DEAD
    shopper = order.shopper
    address = {
        "city": shopper["city"],
        "civility": None,
        "company": None,
        "country": "United Kingdom",
        "country_iso_code": "GBR",
        "firstname": shopper["first_name"],
        "lastname": shopper["last_name"],
        "phone": shopper["phone"],
        "state": None,
        "street_1": shopper["street"],
        "street_2": None,
        "zip_code": shopper["zip_code"],
    }
    shown = None if hidden and not world.options.addresses_before_acceptance else address
    return {
        "billing_address": shown,
        "civility": None,
        "customer_id": f"C-{order.commercial_id}",
        "firstname": shopper["first_name"],
        "lastname": shopper["last_name"],
        "locale": "en_GB",
        "shipping_address": shown,
    }


def _in_dialect(view: dict[str, Any], dialect: str) -> dict[str, Any]:
    """Leave out, or add, what real answers do (mirakl.md, schema caveats 2 and 3)."""
    if dialect == "sparse":
        del view["paymentType"]
        for line in view["order_lines"]:
            del line["commission_rate_vat"], line["commission_vat"]
            line["description"] = None
            for refund in line["refunds"]:
                del refund["refund_state"]
                refund["quantity"] = None
    if dialect == "verbose":
        view["sandbox_unknown_field"] = {"nested": [1]}
        view["payment_workflow"] = "PAY_IN_A_WAY_YET_UNKNOWN"
    return view


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
