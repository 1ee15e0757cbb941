"""What a fleet reads once at its start: V01, A01, A21, PC01, OR75 and RE01."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from integration.sandbox.calls import Answer, Call
from integration.sandbox.mirakl.records import ZERO

if TYPE_CHECKING:
    from integration.sandbox.world import World


def version(_world: World, _call: Call) -> Answer:
    """V01: alive. Only the status counts."""
    return Answer(200)


def account(world: World, _call: Call) -> Answer:
    """A01: the shop, its currency and its balances."""
    began = world.now()
    address = {"city": "London", "country": "GBR", "lastname": "Sandbox", "street1": "1 Sandbox Street"}
    return Answer(
        body={
            "billing_info": None,
            "channels": [],
            "contact_informations": {**address, "email": "shop@sandbox.example"},
            "currency_iso_code": world.options.currency,
            "date_created": began,
            "default_billing_information": {
                "default_language": "en",
                "id": "1",
                "registration_address": {
                    "city": "London",
                    "country_iso_code": "GBR",
                    "street_1": "1 Sandbox Street",
                    "zip_code": "N1 9GU",
                },
            },
            "domains": ["PRODUCT"],
            "evaluations_count": 0,
            "free_shipping": False,
            "is_professional": True,
            "last_updated_date": began,
            "model": "MARKETPLACE",
            "offers_count": len(world.offers),
            "orders_count": len(world.orders),
            "payment_details": {
                "paid_balance": ZERO,
                "payable_balance": world.payable_balance,
                "pending_balance": world.pending_balance,
            },
            "payment_method_mandatory": False,
            "premium": False,
            "pro_details": {},
            "shipping": {"lead_time_to_ship": 2},
            "shipping_types": ["STD"],
            "shipping_zones": ["UK"],
            "shop_additional_fields": [],
            "shop_id": world.options.shop_id,
            "shop_name": "Sandbox shop",
            "shop_state": "OPEN",
        }
    )


def statistics(world: World, _call: Call) -> Answer:
    """A21: the rates that operators judge a shop by, over all orders there are."""
    orders = list(world.orders.values())
    refused = sum(order.state == "REFUSED" and order.accepted is None for order in orders)
    refunded = sum(any(line.refunds for line in order.lines) for order in orders)
    returned = len({each.order.order_id for each in world.returns.values()})

    def rate(count: int) -> list[dict[str, Any]]:
        return [{"period": "ALL", "value": round(100 * count / len(orders)) if orders else 0}]

    return Answer(
        body={
            "approval_delay": [{"period": "ALL", "value": None}],
            "auto_refused_rate": rate(refused),
            "incident_rate": rate(0),
            "orders_count": [{"period": "ALL", "value": len(orders)}],
            "refund_rate": rate(refunded),
            "return_rate": rate(returned),
        }
    )


def taxes(world: World, _call: Call) -> Answer:
    """OR75: every order tax with its calculation rule."""
    return Answer(body={"taxes": [asdict(rule) for rule in world.taxes]})


def reasons(world: World, _call: Call) -> Answer:
    """RE01: no pages, sorted by type."""
    found = sorted(world.reasons, key=lambda reason: reason.type)
    return Answer(body={"reasons": [asdict(reason) for reason in found], "total_count": len(found)})


def configuration(world: World, _call: Call) -> Answer:
    """PC01: the platform's settings; what the control API sets lies over them."""
    options = world.options
    return Answer(
        body=_overlaid(
            {
                "features": _features(
                    options.tax_mode, addresses_before_acceptance=options.addresses_before_acceptance
                ),
                "modules": {
                    "mirakl_catalog_integrator": False,
                    "mirakl_catalog_manager": True,
                    "mirakl_catalog_transformer": False,
                    "mirakl_platform_services": False,
                    "offer_management": True,
                    "order_management": True,
                    "promotions": False,
                    "quotes": False,
                    "tax_manager": None,
                },
                "platform_configuration": {
                    "customer_model": {"b2b": False, "b2c": True},
                    "enhanced_seller_invoicing": {"enabled": False},
                    "platform_model": {"drop_ship": False, "marketplace": True, "one_creditor": False},
                },
                "platform_name": "Sandbox marketplace",
                "tenant_name": "sandbox",
                "timezone": "Europe/London",
            },
            world.configuration,
        )
    )


def _overlaid(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _overlaid(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _features(tax_mode: str, *, addresses_before_acceptance: bool) -> dict[str, Any]:
    return {
        "catalog": None,
        "circular_economy_data_collection": False,
        "competitive_pricing_tool": False,
        "direct_payment_customer_store": {"activated": False, "refund_cancel_authorized": False},
        "disable_seller_alternative_carrier": False,
        "dropship": {},
        "kyc_status_per_seller": False,
        "lead_time_to_ship_by_sellers_enabled": "DISABLED",
        "multi_currency": True,
        "multi_payout_psp_per_seller": False,
        "no_reply_needed": False,
        "offer_prices_decimals": "2",
        "operator_csv_delimiter": "SEMICOLON",
        "order_conditions": None,
        "order_tax_mode": tax_mode,
        "order_workflows": {
            "no_customer_payment_confirmation": False,
            "order_acceptance": "NOT_AUTOMATIC",
            "pause_debit_workflow": False,
            "pay_on_due_date": False,
            "pay_on_shipment": False,
            "sellers_edit_shipping_origin": False,
            "shipping_and_billing_details_before_acceptance": addresses_before_acceptance,
        },
        "payment_confirmation": False,
        "pricing": None,
        "product_data_validation_by_channel": False,
        "promotion": None,
        "returns": {"drop_ship": False, "marketplace": True, "one_creditor": False},
        "shipment": {"multi_part_item_shipment": False, "multi_shipment": False},
        "shop_tax_options": None,
        "tax_collection": None,
        "tax_id_number": None,
        "warehouses": None,
    }
