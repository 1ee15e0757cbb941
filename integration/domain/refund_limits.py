"""Policy for money at risk: a refund above its currency's limit waits until a person has approved that much."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from integration.domain.facts import Amount, Fact
from integration.domain.refunds import Calculation
from integration.errors import Held


class Approval(Fact):
    """How much a person has approved: `total` is product and shipping together, in `currency`."""

    total: Amount
    currency: str


def total_of(calculation: Calculation) -> Decimal:
    """What is held against a limit: product and shipping, without taxes that come on top (TAX_EXCLUDED)."""
    return calculation.asked.amount + calculation.asked.shipping_amount


def require_within_limit(calculation: Calculation, *, limits: Mapping[str, Decimal], approved: Approval | None) -> None:
    """Let a refund pass that is not above its currency's limit, or not above what was approved of it.

    :param limits: the largest total that needs no approval, by currency. With none at all, everything passes; where
        there are some, a refund in any other currency needs approval.
    :raises Held: `refund_above_limit`.
    """
    currency, total = calculation.asked.currency, total_of(calculation)
    limit = limits.get(currency)
    if not limits or (limit is not None and total <= limit):
        return
    if approved is not None and approved.currency == currency and total <= approved.total:
        return
    why = f"no limit is set for {currency}" if limit is None else f"the limit is {limit} {currency}"
    if approved is not None:
        why += f", and {approved.total} {approved.currency} were approved"
    raise Held(
        "refund_above_limit",
        f"A refund of {total} {currency} needs approval: {why} (REFUND_HOLD_ABOVE). Nothing was sent.",
        {
            "total": str(total),
            "currency": currency,
            "limit": None if limit is None else str(limit),
            "calculation": calculation.model_dump(mode="json"),
        },
    )
