from __future__ import annotations

import pytest

from integration.domain.refund_audit import Recorded, contradictions
from integration.domain.refunds import Answered, Calculation
from tests.unit.domain.refund_examples import an_order, money, refund

RECORDED = Recorded(amount=money("25.00"), shipping_amount=money("2.50"), currency="GBP")


def a_calculation() -> Calculation:
    return refund(an_order(), shipping_refund="proportional")


def an_answer(calculation: Calculation) -> Answered:
    return Answered(refund_id="R-9", **calculation.asked.model_dump(exclude={"order_tax_mode"}))


def test_a_refund_that_is_what_its_evidence_comes_to_has_no_contradiction() -> None:
    calculation = a_calculation()
    assert contradictions(calculation, answered=an_answer(calculation), recorded=RECORDED) == []
    assert contradictions(calculation, answered=None, recorded=None) == []


def test_another_amount_asked_for_answered_for_or_recorded_is_a_contradiction_each() -> None:
    calculation = a_calculation()
    tampered = calculation.model_copy(update={"asked": calculation.asked.model_copy(update={"amount": money("52.00")})})
    answered = an_answer(calculation).model_copy(update={"shipping_amount": money("0.00")})
    recorded = RECORDED.model_copy(update={"amount": money("52.00"), "currency": "EUR"})
    assert contradictions(tampered, answered=answered, recorded=recorded) == [
        "amount: 25.00 by the evidence, 52.00 was asked for",
        "shipping_amount: asked for 2.50, answered for 0.00",
        "amount: 25.00 by the evidence, 52.00 is recorded",
        "currency: GBP by the evidence, EUR is recorded",
    ]


def test_another_commission_or_share_is_a_contradiction() -> None:
    tampered = a_calculation().model_copy(update={"expected_commission": money("1.00")})
    assert contradictions(tampered, answered=None, recorded=None) == [
        "the shares, or the commission expected back, are not those that the evidence comes to"
    ]


@pytest.mark.parametrize("state", ["CLOSED", "WAITING_DEBIT"])
def test_an_order_that_could_not_be_refunded_contradicts_its_refund(state: str) -> None:
    calculation = a_calculation()
    tampered = calculation.model_copy(update={"order": calculation.order.model_copy(update={"state": state})})
    (sentence,) = contradictions(tampered, answered=None, recorded=None)
    assert sentence.startswith("worked out again from the evidence it comes to nothing: order_")


def test_evidence_of_no_unit_comes_to_nothing() -> None:
    calculation = a_calculation()
    tampered = calculation.model_copy(update={"asked": calculation.asked.model_copy(update={"quantity": 0})})
    assert len(contradictions(tampered, answered=None, recorded=None)) == 1
