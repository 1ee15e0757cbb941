"""What each type of line means, and whether a payout is the sum of its lines."""

from __future__ import annotations

from integration.domain.settlement import REFUND_TYPES, UNKNOWN_PART, Booked, Cycle, part_of, prove
from tests.unit.reconciliation.account_examples import BILLED, money

# TL02, `transaction_type`: all but PAYMENT.
TYPES = [
    "MANUAL_CREDIT", "MANUAL_CREDIT_VAT", "MANUAL_INVOICE", "MANUAL_INVOICE_VAT", "INVOICEABLE_ONE_OFF_DEBIT",
    "INVOICEABLE_ONE_OFF_DEBIT_TAX", "INVOICEABLE_ONE_OFF_CREDIT", "INVOICEABLE_ONE_OFF_CREDIT_TAX", "ORDER_AMOUNT",
    "ORDER_AMOUNT_TAX", "ORDER_SHIPPING_AMOUNT", "ORDER_SHIPPING_AMOUNT_TAX", "COMMISSION_FEE", "COMMISSION_VAT",
    "REFUND_ORDER_AMOUNT", "REFUND_ORDER_AMOUNT_TAX", "REFUND_ORDER_SHIPPING_AMOUNT",
    "REFUND_ORDER_SHIPPING_AMOUNT_TAX", "REFUND_COMMISSION_FEE", "REFUND_COMMISSION_VAT", "SUBSCRIPTION_FEE",
    "SUBSCRIPTION_VAT", "OPERATOR_REMITTED_ORDER_AMOUNT_TAX", "OPERATOR_REMITTED_ORDER_SHIPPING_AMOUNT_TAX",
    "OPERATOR_REMITTED_REFUND_ORDER_AMOUNT_TAX", "OPERATOR_REMITTED_REFUND_ORDER_SHIPPING_AMOUNT_TAX",
    "OPERATOR_PAID_ORDER_SHIPPING_AMOUNT", "OPERATOR_PAID_ORDER_SHIPPING_AMOUNT_TAX",
    "OPERATOR_PAID_REFUND_ORDER_SHIPPING_AMOUNT", "OPERATOR_PAID_REFUND_ORDER_SHIPPING_AMOUNT_TAX",
    "PURCHASE_COMMISSION_FEE", "PURCHASE_SHIPPING_COMMISSION_FEE", "PURCHASE_ORDER_AMOUNT_TAX",
    "PURCHASE_ORDER_SHIPPING_AMOUNT_TAX", "REFUND_PURCHASE_COMMISSION_FEE", "REFUND_PURCHASE_SHIPPING_COMMISSION_FEE",
    "REFUND_PURCHASE_ORDER_AMOUNT_TAX", "REFUND_PURCHASE_ORDER_SHIPPING_AMOUNT_TAX", "ORDER_FEE_AMOUNT",
    "OPERATOR_REMITTED_ORDER_FEE_AMOUNT", "REFUND_ORDER_FEE_AMOUNT", "OPERATOR_REMITTED_REFUND_ORDER_FEE_AMOUNT",
    "PURCHASE_FEE_COMMISSION_FEE", "REFUND_PURCHASE_FEE_COMMISSION_FEE", "RESERVE_FUNDING", "RESERVE_SETTLEMENT",
    "SELLER_FEE_ON_ORDER", "SELLER_FEE_ON_ORDER_TAX", "SELLER_PENALTY_FEE", "SELLER_PENALTY_FEE_TAX",
]  # fmt: skip
CYCLE = Cycle("C-1", BILLED, "GBP", money("81.00"), "PAID", "BANK-7", BILLED)


def test_every_type_that_mirakl_knows_has_its_part_of_a_payout() -> None:
    assert len(TYPES) == 50
    assert UNKNOWN_PART not in {part_of(kind) for kind in TYPES}
    assert part_of("SOMETHING_NEW") == UNKNOWN_PART


def test_every_type_that_names_a_refund_has_its_part_of_the_refund() -> None:
    of_refunds = {kind for kind in TYPES if "REFUND_" in kind and "PURCHASE" not in kind}
    assert of_refunds == set(REFUND_TYPES)


def test_a_payout_is_the_sum_of_its_parts_and_the_payment_is_not_one_of_them() -> None:
    booked = [
        Booked("REFUND_ORDER_AMOUNT", "GBP", money("-20.83")),
        Booked("REFUND_ORDER_AMOUNT_TAX", "GBP", money("-4.17")),
        Booked("ORDER_AMOUNT", "GBP", money("100.00")),
        Booked("REFUND_COMMISSION_FEE", "GBP", money("6.00")),
        Booked("PAYMENT", "GBP", money("-81.00")),
    ]
    (payout,) = prove(CYCLE, booked)
    assert list(payout.parts.items()) == [
        ("sales", money("100.00")), ("refunds", money("-25.00")), ("commissions_given_back", money("6.00")),
    ]  # fmt: skip
    assert (payout.explained, payout.unexplained) == (money("81.00"), money("0"))


def test_what_no_line_explains_is_a_line_of_its_own() -> None:
    (payout,) = prove(CYCLE, [Booked("ORDER_AMOUNT", "GBP", money("80.00")), Booked("NEW", "GBP", money("0.30"))])
    assert payout.parts == {"sales": money("80.00"), UNKNOWN_PART: money("0.30")}
    assert payout.unexplained == money("0.70")


def test_lines_in_another_currency_are_a_payout_of_their_own() -> None:
    euros, pounds = prove(CYCLE, [Booked("ORDER_AMOUNT", "EUR", money("5.00"))])
    assert (euros.currency, euros.transferred, euros.unexplained) == ("EUR", money("0"), money("-5.00"))
    assert (pounds.currency, pounds.unexplained) == ("GBP", money("81.00"))


def test_a_cycle_that_sbc11_has_not_shown_proves_nothing() -> None:
    (payout,) = prove(Cycle("C-2"), [Booked("ORDER_AMOUNT", "GBP", money("5.00"))])
    assert (payout.explained, payout.unexplained) == (money("5.00"), None)
    assert prove(Cycle("C-2"), []) == []
