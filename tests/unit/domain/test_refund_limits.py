from __future__ import annotations

from decimal import Decimal

import pytest

from integration.domain.refund_limits import Approval, require_within_limit
from integration.domain.refunds import Calculation
from integration.errors import Held
from tests.unit.domain.refund_examples import an_order, money, refund

LIMITS = {"GBP": money("27.50")}


def a_refund(quantity: int = 1) -> Calculation:
    """27.50 GBP for one unit, 55.00 for two, of which a tenth is shipping."""
    return refund(an_order(), quantity, shipping_refund="proportional")


def approval(total: str, currency: str = "GBP") -> Approval:
    return Approval(total=money(total), currency=currency)


@pytest.mark.parametrize("limits", [{}, LIMITS, {"GBP": money("100"), "EUR": money("0")}])
def test_what_is_not_above_its_limit_passes(limits: dict[str, Decimal]) -> None:
    require_within_limit(a_refund(), limits=limits, approved=None)


@pytest.mark.parametrize("approved", [approval("55.00"), approval("60.00")])
def test_what_was_approved_passes(approved: Approval) -> None:
    require_within_limit(a_refund(2), limits=LIMITS, approved=approved)


@pytest.mark.parametrize(
    ("limits", "approved", "why"),
    [
        (LIMITS, None, "the limit is 27.50 GBP"),
        ({"EUR": money("900")}, None, "no limit is set for GBP"),
        (LIMITS, approval("54.99"), "the limit is 27.50 GBP, and 54.99 GBP were approved"),
        (LIMITS, approval("55.00", "EUR"), "the limit is 27.50 GBP, and 55.00 EUR were approved"),
    ],
)
def test_what_is_above_its_limit_needs_approval(
    limits: dict[str, Decimal], approved: Approval | None, why: str
) -> None:
    with pytest.raises(Held) as held:
        require_within_limit(a_refund(2), limits=limits, approved=approved)
    assert held.value.reason == "refund_above_limit"
    assert held.value.detail == f"A refund of 55.00 GBP needs approval: {why} (REFUND_HOLD_ABOVE). Nothing was sent."
    assert held.value.evidence["total"] == "55.00"
