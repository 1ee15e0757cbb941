"""What a test reads and sets about the sandbox itself: its books, its faults, its address."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from integration.sandbox.faults import Fault
from integration.sandbox.mirakl.line_view import tax_view
from integration.sandbox.reveni.returns import return_view
from integration.sandbox.world import World


def add_fault(world: World, **facts: Any) -> None:
    """The facts are those of `faults.Fault`; its seconds and its probability are no money and become floats."""
    told: dict[str, Any] = {name: float(fact) if isinstance(fact, Decimal) else fact for name, fact in facts.items()}
    world.faults.add(Fault(**told))


def clear_faults(world: World) -> None:
    world.faults.clear()


def set_latency(world: World, seconds: Any) -> None:
    """Every foreign call takes so much longer."""
    world.faults.latency = float(seconds)


def environment(world: World, url: str, *, bigcommerce: bool) -> dict[str, str]:
    return world.options.environment(url, bigcommerce=bigcommerce)


def calls(world: World, operation: str | None) -> list[dict[str, Any]]:
    """Every call that came, in order: operation, at (monotonic seconds), request, body, status."""
    return [
        {**asdict(call), "at": Decimal(f"{call.at:.6f}")}
        for call in world.books.calls
        if operation in (None, call.operation)
    ]


def books(world: World) -> dict[str, Any]:
    """What really happened, in one object."""
    return {
        "orders": {order.order_id: order.state for order in world.orders.values()},
        "accepts": {order_id: asdict(counted) for order_id, counted in world.books.accepts.items()},
        "refunds": {
            line.order_line_id: [
                {
                    "refund_id": refund.id,
                    "amount": refund.amount,
                    "shipping_amount": refund.shipping_amount,
                    "taxes": [tax_view(tax) for tax in refund.taxes],
                    "shipping_taxes": [tax_view(tax) for tax in refund.shipping_taxes],
                    "fees": [asdict(fee) for fee in refund.fees],
                    "quantity": refund.quantity,
                    "reason_code": refund.reason_code,
                    "state": refund.state,
                    "origin": refund.origin,
                    "created_date": refund.created,
                }
                for refund in line.refunds
            ]
            for _, line in world.lines.values()
            if line.refunds
        },
        "stock": {offer.sku: offer.quantity for offer in world.offers.values()},
        "bigcommerce_stock": {
            sku: item.levels.get(world.options.bigcommerce_location_id, 0)
            for sku, item in world.inventory.items.items()
        },
        "returns": {each.id: each.state for each in world.returns.values()},
        "compliance": {
            each.id: {line.order_line_id: line.compliance for line in each.lines} for each in world.returns.values()
        },
        "reveni_returns": _by_external_id(world),
        "illegal_return_steps": world.books.illegal_return_steps,
        "repeated_return_steps": world.books.repeated_return_steps,
        "imports": [
            {
                "import_id": each.import_id,
                "created_date": each.created,
                "status": each.status,
                "rows": each.rows,
                "errors": each.errors,
            }
            for each in world.imports.values()
        ],
        "calls": world.books.calls_by_operation(),
        "ceiling_violations": dict(world.ceilings.violations),
        "webhooks": [asdict(webhook) for webhook in world.webhooks.values()],
        "deliveries": world.books.deliveries,
    }


def _by_external_id(world: World) -> dict[str, list[dict[str, Any]]]:
    """All of Reveni's returns for each Mirakl return: more than one is a double."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in world.reveni_returns.values():
        found.setdefault(each.external_id, []).append(return_view(each))
    return found
