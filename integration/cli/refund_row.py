"""A refund as `--json` shows it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from integration.cli.output import money
from integration.ledger.intents import SETTLED
from integration.ledger.refunds import Refund


def refund_row(refund: Refund) -> dict[str, Any]:
    """Amounts are strings in `currency`; until Mirakl has answered, they are those that were last worked out.

    `held_reason` is also why a refund waits (`order_not_debited`, `insufficient_balance`).
    """
    row, intent = refund.row, refund.intent
    known = row.amount is not None and row.shipping_amount is not None and row.currency is not None
    asked = {} if known else _asked(refund)
    currency = row.currency or asked.get("currency")
    return {
        "refund_id": row.id,
        "return_id": row.return_id,
        "order_id": row.order_id,
        "order_line_id": row.order_line_id,
        "quantity": row.quantity,
        "state": refund.state,
        "amount": money(row.amount if row.amount is not None else asked.get("amount"), currency),
        "shipping_amount": money(
            row.shipping_amount if row.shipping_amount is not None else asked.get("shipping_amount"), currency
        ),
        "currency": currency,
        "mirakl_refund_id": row.mirakl_refund_id,
        "mirakl_refund_state": row.refund_state,
        "held_reason": None if intent is None or intent.state in SETTLED else intent.reason,
        "detail": None if intent is None or intent.state in SETTLED else intent.detail,
        "created_at": row.created_at,
        "confirmed_at": row.confirmed_at,
    }


def calculation_of(refund: Refund) -> dict[str, Any] | None:
    """The calculation that the refund stands on, or that was last made for it."""
    plan = None if refund.intent is None else refund.intent.plan  # a list reads it only where it is needed
    planned: dict[str, Any] | None = plan.get("calculation") if plan else None
    return planned or refund.row.calculation


def _asked(refund: Refund) -> dict[str, Any]:
    asked = (calculation_of(refund) or {}).get("asked", {})
    return {key: Decimal(value) if key.endswith("amount") else value for key, value in asked.items()}
