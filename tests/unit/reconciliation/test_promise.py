"""What a refund was to come to, from its calculation and OR28's answer."""

from __future__ import annotations

from integration.domain.reconciliation import Promised
from integration.domain.refunds import Answered, Calculation, CodeAmount
from integration.domain.settlement_promise import promised_by, promised_by_hand
from tests.unit.domain.refund_examples import a_fee, a_line, a_tax, an_order, refund
from tests.unit.reconciliation.account_examples import money


def promised(calculation: Calculation, *, answered: Answered | None = None) -> Promised:
    asked = calculation.asked
    return promised_by(calculation, answered=answered, amount=asked.amount, shipping_amount=asked.shipping_amount)


def taxed(rule: str, *, tax_mode: str = "TAX_EXCLUDED") -> Calculation:
    line = a_line(
        taxes=[a_tax("VAT", "10.00", rule)], shipping_taxes=[a_tax("VAT", "1.00", rule)], fees=[a_fee("GIFT", "2.00")]
    )
    order = an_order(line, tax_mode=tax_mode)
    return refund(order, shipping_refund="proportional", fee_codes=frozenset({"GIFT"}))


def test_prices_that_contain_their_taxes_have_none_on_top() -> None:
    promise = promised(taxed("NONE", tax_mode="TAX_INCLUDED"))
    assert (promise.product, promise.taxes) == (money("25.00"), money("0"))
    assert (promise.shipping, promise.shipping_taxes) == (money("2.50"), money("0"))
    assert (promise.fees, promise.commission) == (money("1.00"), money("5.50"))


def test_taxes_that_were_asked_for_come_on_top() -> None:
    promise = promised(taxed("NONE"))
    assert (promise.taxes, promise.shipping_taxes) == (money("5.00"), money("0.50"))


def test_taxes_that_mirakl_works_out_are_those_it_answered() -> None:
    answered = Answered(
        refund_id="77",
        taxes=(CodeAmount(code="VAT", amount=money("5.01")),),
        shipping_taxes=(CodeAmount(code="VAT", amount=money("0.51")),),
    )
    promise = promised(taxed("PROPORTIONAL_TO_AMOUNT"), answered=answered)
    assert (promise.taxes, promise.shipping_taxes) == (money("5.01"), money("0.51"))


def test_taxes_that_nobody_told_are_not_known() -> None:
    promise = promised(taxed("PROPORTIONAL_TO_AMOUNT"))
    assert (promise.taxes, promise.shipping_taxes) == (None, None)


def test_shipping_that_is_not_refunded_has_no_taxes() -> None:
    line = a_line(shipping_taxes=[a_tax("VAT", "1.00", "PROPORTIONAL_TO_AMOUNT")])
    assert promised(refund(an_order(line, tax_mode="TAX_EXCLUDED"))).shipping_taxes == 0


def test_of_a_refund_confirmed_by_hand_only_the_amounts_are_known() -> None:
    promise = promised_by_hand(money("20.00"), money("2.00"))
    assert (promise.product, promise.shipping, promise.commission) == (money("20.00"), money("2.00"), None)
    assert (promise.taxes, promise.shipping_taxes) == (None, None)
