"""Policy for money at risk: what a return comes to in all is above its currency's limit only once a person has approved
that much.

The limit is one for the return: whoever refunds it unit by unit comes to the same sum as whoever refunds it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from integration.domain.facts import Amount, Fact
from integration.domain.refunds import Calculation
from integration.errors import Held


class Approval(Fact):
    """How much a person has approved: `total` is what all refunds of one return may come to, product and shipping
    together, in `currency`. It allows any refund of that return, as long as they stay within it, and nothing else.
    """

    total: Amount
    currency: str


def total_of(calculation: Calculation) -> Decimal:
    """What is held against a limit: product and shipping, without taxes that come on top (TAX_EXCLUDED)."""
    return calculation.asked.amount + calculation.asked.shipping_amount


def require_within_limit(
    calculation: Calculation,
    *,
    before: Mapping[str, Decimal],
    limits: Mapping[str, Decimal],
    approved: Approval | None,
) -> None:
    """Let a refund pass with which its return does not come to more than its currency's limit, or than was approved.

    :param before: what the return's other refunds come to that are made, or may be without a further word of anybody's;
        by currency.
    :param limits: the largest total of a return that needs no approval, by currency. With none at all, everything
        passes; where there are some, a refund in any other currency needs approval.
    :raises Held: `refund_above_limit`.
    """
    currency, this = calculation.asked.currency, total_of(calculation)
    others = before.get(currency, Decimal(0))
    total = this + others
    limit = limits.get(currency)
    if not limits or (limit is not None and total <= limit):
        return
    if approved is not None and approved.currency == currency and total <= approved.total:
        return
    why = f"no limit is set for {currency}" if limit is None else f"the limit is {limit} {currency}"
    if approved is not None:
        why += f", and {approved.total} {approved.currency} were approved"
    what = f"A refund of {this} {currency}"
    if others:
        what += f", with which its return comes to {total} {currency} in all,"
    raise Held(
        "refund_above_limit",
        f"{what} needs approval: {why} (REFUND_HOLD_ABOVE). Nothing of it was sent.",
        {
            "refund": str(this),
            "other_refunds": str(others),
            "total": str(total),
            "currency": currency,
            "limit": None if limit is None else str(limit),
            "calculation": calculation.model_dump(mode="json"),
        },
    )
