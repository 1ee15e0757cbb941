"""Orders out of short descriptions, with every default that a demo needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integration.sandbox.amounts import amount_of, rounded
from integration.sandbox.mirakl.lifecycle import DEBITED, commission, move, refuse_when_due
from integration.sandbox.mirakl.records import Cancelation, Fee, Line, Order, Promotion, Tax, TaxRule

if TYPE_CHECKING:
    from integration.sandbox.world import World

# ZZCANARY is what a search for leaked personal data looks for.
SHOPPER = {
    "email": "zzcanary-7f3a@notification.example",
    "first_name": "ZZCANARYAda",
    "last_name": "ZZCANARYLovelace",
    "phone": "+44 20 7946 0000",
    "street": "1 ZZCANARY Street",
    "city": "London",
    "zip_code": "N1 9GU",
}

_ORDER_FACTS = frozenset(
    {
        "order_id",
        "commercial_id",
        "state",
        "currency",
        "tax_mode",
        "created_ago",
        "debited",
        "fulfillment_center",
        "shopper",
        "lines",
    }
)
_LINE_FACTS = frozenset(
    {
        "sku",
        "quantity",
        "unit_price",
        "shipping_price",
        "order_line_id",
        "title",
        "price",
        "taxes",
        "shipping_taxes",
        "fees",
        "promotions",
        "cancelations",
    }
)


def seed_order(world: World, spec: Mapping[str, Any]) -> Order:
    """Place one order.

    `spec` may hold: order_id, commercial_id, state, currency, tax_mode, created_ago (seconds), debited (false
    for one that is shipped before it is paid), fulfillment_center, shopper, and `lines`, each with sku,
    quantity, unit_price (what is charged for one unit), shipping_price, order_line_id, title, price (else
    unit_price × the units that are not canceled), taxes and shipping_taxes {code, amount, rate, rule},
    fees {code, amount}, promotions {id, deduced_amount}, cancelations {quantity, amount, shipping_amount}.

    :raises ValueError: an amount is malformed, a fact is unknown, or the order exists already.
    """
    _refuse_unknown(spec, _ORDER_FACTS)
    order_id = str(spec.get("order_id") or f"{spec.get('commercial_id') or f'ASOS-{world.number()}'}-A")
    if order_id in world.orders:
        raise ValueError(f"order {order_id} exists already")
    created = world.now() - timedelta(seconds=float(spec.get("created_ago", 0)))
    currency = str(spec.get("currency", world.options.currency))
    order = Order(
        order_id=order_id,
        commercial_id=str(spec.get("commercial_id") or order_id.removesuffix("-A")),
        state="WAITING_ACCEPTANCE",
        tax_mode=str(spec.get("tax_mode", world.options.tax_mode)),
        currency=currency,
        created=created,
        updated=created,
        shopper={**SHOPPER, **spec.get("shopper", {})},
        fulfillment_center=str(spec.get("fulfillment_center", "DEFAULT")),
        lines=[
            _line(world, f"{order_id}-{index}", index, line, currency=currency, created=created)
            for index, line in enumerate(spec["lines"], start=1)
        ],
    )
    world.orders[order_id] = order
    world.lines |= {line.order_line_id: (order, line) for line in order.lines}
    state = str(spec.get("state", "WAITING_ACCEPTANCE"))
    if state == "WAITING_ACCEPTANCE":
        refuse_when_due(world, order)
    else:
        move(world, order, state, debited=bool(spec.get("debited", state in DEBITED)))
        order.updated = created
    return order


def seed_orders(world: World, count: int, **facts: Any) -> list[Order]:
    """Place so many orders of one line each over twenty SKUs."""
    lines = [
        {
            "sku": f"SKU-{index % 20 + 1:04d}",
            "quantity": 1 + index % 2,
            "unit_price": "25.00",
            "shipping_price": "3.95",
        }
        for index in range(count)
    ]
    return [seed_order(world, {**facts, "lines": [line]}) for line in lines]


def _line(
    world: World, order_line_id: str, index: int, spec: Mapping[str, Any], *, currency: str, created: datetime
) -> Line:
    _refuse_unknown(spec, _LINE_FACTS)
    quantity = int(spec.get("quantity", 1))
    cancelations = [_cancelation(world, each, currency, created) for each in spec.get("cancelations", [])]
    units = quantity - sum(each.quantity for each in cancelations)
    price_unit = amount_of(spec.get("unit_price", "25.00"), currency)
    price = amount_of(spec["price"], currency) if "price" in spec else price_unit * units
    shipping_price = amount_of(spec.get("shipping_price", 0), currency)
    fee, tax = commission(world, price + shipping_price, currency)
    return Line(
        order_line_id=str(spec.get("order_line_id", order_line_id)),
        index=index,
        offer_sku=str(spec["sku"]),
        title=str(spec.get("title", f"Article {spec['sku']}")),
        quantity=quantity,
        price_unit=price_unit,
        price=rounded(Decimal(price), currency),
        shipping_price=shipping_price,
        commission_fee=fee,
        commission_tax=tax,
        created=created,
        updated=created,
        taxes=_taxes(world, spec.get("taxes", []), currency),
        shipping_taxes=_taxes(world, spec.get("shipping_taxes", []), currency),
        fees=[Fee(str(fee["code"]), amount_of(fee["amount"], currency)) for fee in spec.get("fees", [])],
        promotions=[
            Promotion(str(each["id"]), amount_of(each["deduced_amount"], currency))
            for each in spec.get("promotions", [])
        ],
        cancelations=cancelations,
    )


def _refuse_unknown(spec: Mapping[str, Any], known: frozenset[str]) -> None:
    if unknown := sorted(set(spec) - known):
        raise ValueError(f"{unknown} is nothing that can be told about an order")


def _cancelation(world: World, spec: Mapping[str, Any], currency: str, created: datetime) -> Cancelation:
    return Cancelation(
        id=world.number(),
        quantity=int(spec["quantity"]),
        amount=amount_of(spec.get("amount", 0), currency),
        shipping_amount=amount_of(spec.get("shipping_amount", 0), currency),
        created=created,
    )


def _taxes(world: World, specs: Sequence[Mapping[str, Any]], currency: str) -> list[Tax]:
    """The taxes of a line; a rule that is told becomes the platform's, as OR75 then answers."""
    taxes = [
        Tax(
            code=str(spec["code"]),
            amount=amount_of(spec["amount"], currency),
            rate=Decimal(str(spec["rate"])) if "rate" in spec else None,
            rule=spec.get("rule", "PROPORTIONAL_TO_AMOUNT"),
        )
        for spec in specs
    ]
    known = {rule.code for rule in world.taxes}
    world.taxes += [
        TaxRule(tax.code, tax.code, tax.rule) for tax in taxes if tax.rule is not None and tax.code not in known
    ]
    return taxes
