"""What a refund of ours was to come to, from the calculation it stands on and from what OR28 answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from integration.domain.orders import Tax
from integration.domain.reconciliation import ZERO, Promised
from integration.domain.refunds import Answered, Calculation, CodeAmount


def promised_by(
    calculation: Calculation, *, answered: Answered | None, amount: Decimal, shipping_amount: Decimal
) -> Promised:
    """The promise of one confirmed refund.

    :param answered: None where OR28's answer got lost. Mirakl tells there what it made of the taxes that it works out
        by itself (PROPORTIONAL_TO_AMOUNT), which nobody asked for.
    :param amount: as it was confirmed, in the order's tax mode; `shipping_amount` likewise.
    """
    asked, line = calculation.asked, calculation.line
    told = answered or asked
    on_top = asked.order_tax_mode != "TAX_INCLUDED"
    return Promised(
        product=amount,
        taxes=_told(line.taxes, told.taxes) if on_top else ZERO,
        shipping=shipping_amount,
        shipping_taxes=_told(line.shipping_taxes, told.shipping_taxes) if on_top and shipping_amount else ZERO,
        fees=sum((fee.amount for fee in asked.fees), ZERO),
        commission=calculation.expected_commission,
    )


def promised_by_hand(amount: Decimal, shipping_amount: Decimal) -> Promised:
    """The promise of a refund that a person said is ours, before anything was worked out for it."""
    return Promised(
        product=amount, taxes=None, shipping=shipping_amount, shipping_taxes=None, fees=ZERO, commission=None
    )


def _told(carried: Iterable[Tax], told: Sequence[CodeAmount]) -> Decimal | None:
    """The taxes in all; None where the line carries one of which nobody told us the part that goes back."""
    if {tax.code for tax in carried if tax.amount} - {part.code for part in told}:
        return None
    return sum((part.amount for part in told), ZERO)
