from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from integration.domain.orders import PastRefund
from integration.domain.refund_matching import answer_differences, candidates, in_figures
from integration.domain.refunds import Answered, Asked, CodeAmount
from integration.errors import Held
from tests.unit.domain.refund_examples import LINE_ID, NOW, a_line, a_past_refund, money

ASKED = Asked(
    order_line_id=LINE_ID,
    amount=money("25.00"),
    shipping_amount=money("2.50"),
    currency="GBP",
    quantity=1,
    reason_code="17",
    order_tax_mode="TAX_EXCLUDED",
    taxes=(CodeAmount(code="VAT", amount=money("4.17")),),
    shipping_taxes=(CodeAmount(code="VAT", amount=money("0.42")),),
    fees=(CodeAmount(code="RECYCLING", amount=money("0.20")),),
)
ANSWERED = Answered(refund_id="1130", **ASKED.model_dump(exclude={"order_tax_mode"}))


def matching(
    *refunds: PastRefund,
    baseline: frozenset[str] = frozenset(),
    attributed: frozenset[str] = frozenset(),
    since: datetime = NOW,
) -> list[str]:
    line = a_line(refunds=refunds)
    found = candidates(line, ASKED, baseline=baseline, attributed=attributed, since=since)
    return [refund.id for refund in found]


def one(refund_id: str = "R-1", **facts: Any) -> PastRefund:
    return a_past_refund(refund_id, **{"shipping_amount": money("2.5"), **facts})


def test_a_refund_equal_to_what_was_asked_for_is_a_candidate() -> None:
    assert matching(one("R-1"), one("R-2")) == ["R-1", "R-2"]


def test_a_refund_known_before_the_call_or_of_another_call_is_none() -> None:
    refunds = one("R-1"), one("R-2"), one("R-3")
    assert matching(*refunds, baseline=frozenset({"R-1"}), attributed=frozenset({"R-2"})) == ["R-3"]


@pytest.mark.parametrize(
    "difference",
    [
        {"amount": money("25.01")},
        {"shipping_amount": money("0")},
        {"reason_code": "15"},
        {"quantity": 2},
    ],
)
def test_a_refund_that_differs_is_no_candidate(difference: dict[str, Any]) -> None:
    assert matching(one(**difference)) == []


@pytest.mark.parametrize(
    "unsaid",
    [
        {"shipping_amount": None},
        {"reason_code": None},
        {"quantity": None},
        {"created_date": None},
        {"created_date": NOW - timedelta(minutes=5)},
    ],
)
def test_what_mirakl_does_not_say_rules_nothing_out(unsaid: dict[str, Any]) -> None:
    assert matching(one(**unsaid)) == ["R-1"]


def test_a_new_refund_that_is_older_than_ours_is_for_a_person_to_judge() -> None:
    old = NOW - timedelta(minutes=5, seconds=1)
    with pytest.raises(Held) as held:
        matching(
            one("R-1", created_date=old),
            one("R-2"),
            one("R-3", quantity=2, created_date=old),
            one("R-4", created_date=old),
        )
    assert held.value.reason == "ambiguous_refund"
    figures = "25.00 and shipping 2.5 for 1 units, reason 17, None, made 2026-01-05 09:54:59 UTC"
    assert held.value.detail == (
        "This refund was decided at 2026-01-05 10:00:00 UTC, and what came up on Mirakl since is older "
        f"(refund R-1: {figures}; refund R-4: {figures}): compare the clocks, and say which it is."
    )
    assert held.value.evidence["asked"]["amount"] == "25.00"
    assert [(refund["id"], refund["amount"]) for refund in held.value.evidence["candidates"]] == [
        ("R-1", "25.00"), ("R-2", "25.00"), ("R-4", "25.00"),
    ]  # fmt: skip
    assert matching(one("R-1", created_date=old), baseline=frozenset({"R-1"})) == []


def test_a_new_refund_without_an_amount_is_for_a_person_to_judge() -> None:
    with pytest.raises(Held) as held:
        matching(one(amount=None), one("R-2", amount=None))
    assert held.value.reason == "refund_without_amount"
    assert held.value.detail == "Line O-1-1: Mirakl does not say the amount of refund R-1, R-2."
    assert matching(one(amount=None), baseline=frozenset({"R-1"})) == []


def test_an_answer_for_what_was_asked_has_no_differences() -> None:
    assert answer_differences(ASKED, ANSWERED) == []


def test_an_answer_may_leave_out_currency_and_quantity_and_add_mirakls_own_taxes() -> None:
    eco = CodeAmount(code="ECO", amount=money("0.50"))
    nothing = CodeAmount(code="GIFT_WRAP", amount=money("0.00"))
    answered = ANSWERED.model_copy(
        update={
            "currency": None,
            "quantity": None,
            "taxes": (eco, *ANSWERED.taxes),
            "shipping_taxes": (*ANSWERED.shipping_taxes, eco),
            "fees": (*ANSWERED.fees, nothing),
        }
    )
    assert answer_differences(ASKED, answered) == []


@pytest.mark.parametrize(
    ("answer", "difference"),
    [
        ({"order_line_id": "O-2-1"}, "order_line_id: asked for O-1-1, answered for O-2-1"),
        ({"amount": money("24.99")}, "amount: asked for 25.00, answered for 24.99"),
        ({"amount": None}, "amount: asked for 25.00, answered for None"),
        ({"shipping_amount": money("0")}, "shipping_amount: asked for 2.50, answered for 0"),
        ({"reason_code": "15"}, "reason_code: asked for 17, answered for 15"),
        ({"currency": "EUR"}, "currency: asked for GBP, answered for EUR"),
        ({"quantity": 2}, "quantity: asked for 1, answered for 2"),
        ({"taxes": ()}, "tax VAT: asked for 4.17, answered for none"),
        ({"taxes": ASKED.taxes * 2}, "tax VAT: asked for 4.17, answered for 4.17 and 4.17"),
        ({"shipping_taxes": ASKED.taxes}, "shipping tax VAT: asked for 0.42, answered for 4.17"),
        ({"fees": ()}, "fee RECYCLING: asked for 0.20, answered for none"),
        (
            {"fees": (*ASKED.fees, CodeAmount(code="GIFT_WRAP", amount=money("1.00")))},
            "fee GIFT_WRAP: not asked for, answered for 1.00",
        ),
    ],
)
def test_each_difference_of_an_answer_is_said(answer: dict[str, Any], difference: str) -> None:
    assert answer_differences(ASKED, ANSWERED.model_copy(update=answer)) == [difference]


def test_a_candidate_is_told_with_the_figures_by_which_a_person_knows_it() -> None:
    known = one(state="REFUNDED", quantity=None)
    assert in_figures(known) == (
        "refund R-1: 25.00 and shipping 2.5 for unknown units, reason 17, REFUNDED, made 2026-01-05 10:00:00 UTC"
    )
    assert in_figures(one(created_date=None)).endswith("for 1 units, reason 17, None")
