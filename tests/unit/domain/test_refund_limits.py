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
    require_within_limit(a_refund(), before={}, limits=limits, approved=None)


@pytest.mark.parametrize("approved", [approval("55.00"), approval("60.00")])
def test_what_was_approved_passes(approved: Approval) -> None:
    require_within_limit(a_refund(2), before={}, limits=LIMITS, approved=approved)


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
        require_within_limit(a_refund(2), before={}, limits=limits, approved=approved)
    assert held.value.reason == "refund_above_limit"
    assert (
        held.value.detail == f"A refund of 55.00 GBP needs approval: {why} (REFUND_HOLD_ABOVE). Nothing of it was sent."
    )
    assert held.value.evidence["total"] == "55.00"


def test_the_other_refunds_of_the_return_count_in_their_own_currency() -> None:
    """M9: the limit and the approval are about what the return comes to in all."""
    before = {"GBP": money("27.50"), "EUR": money("900")}
    limits = {"GBP": money("55.00")}
    require_within_limit(a_refund(), before=before, limits=limits, approved=None)
    require_within_limit(a_refund(2), before=before, limits=limits, approved=approval("82.50"))
    with pytest.raises(Held) as held:
        require_within_limit(a_refund(2), before=before, limits=limits, approved=approval("82.49"))
    assert held.value.detail == (
        "A refund of 55.00 GBP, with which its return comes to 82.50 GBP in all, needs approval: the limit is 55.00 "
        "GBP, and 82.49 GBP were approved (REFUND_HOLD_ABOVE). Nothing of it was sent."
    )
    shown = {name: held.value.evidence[name] for name in ("refund", "other_refunds", "total")}
    assert shown == {"refund": "55.00", "other_refunds": "27.50", "total": "82.50"}
