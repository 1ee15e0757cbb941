from __future__ import annotations

from decimal import Decimal

import pytest

from integration.domain.refunds import Asked, Calculation, CodeAmount
from integration.errors import Held
from tests.unit.domain.refund_examples import a_fee, a_line, a_past_refund, a_tax, an_order, money, refund


def amounts(parts: tuple[CodeAmount, ...]) -> dict[str, str]:
    return {part.code: str(part.amount) for part in parts}


def test_one_of_two_units_is_half_the_line_and_no_shipping() -> None:
    assert refund(an_order()).asked == Asked(
        order_line_id="O-1-1",
        amount=money("25.00"),
        shipping_amount=money("0.00"),
        currency="GBP",
        quantity=1,
        reason_code="17",
        order_tax_mode="TAX_INCLUDED",
    )


def test_the_shipping_goes_back_in_proportion_where_the_mapping_says_so() -> None:
    asked = refund(an_order(), shipping_refund="proportional").asked
    assert (str(asked.amount), str(asked.shipping_amount)) == ("25.00", "2.50")


@pytest.mark.parametrize(
    ("currency", "price", "unit", "shares"),
    [
        ("GBP", "10.00", "3.33", ["3.33", "3.34", "3.33"]),
        ("JPY", "1000", "333", ["333", "334", "333"]),
        ("KWD", "10.000", "3.333", ["3.333", "3.334", "3.333"]),
    ],
)
def test_units_that_come_back_one_at_a_time_come_to_the_whole_line(
    currency: str, price: str, unit: str, shares: list[str]
) -> None:
    promotions = [{"id": "SUMMER", "deduced_amount": Decimal(2)}]
    given_back: list[str] = []
    for done in range(3):
        past = tuple(a_past_refund(f"R-{n}", amount=money(amount)) for n, amount in enumerate(given_back))
        line = a_line(
            quantity=3,
            price=money(price),
            price_unit=money(unit),
            promotions=promotions,
            refunds=past,
        )
        calculation = refund(an_order(line, currency=currency), currency=currency, ours={each.id: 1 for each in past})
        assert calculation.done == done
        given_back.append(str(calculation.asked.amount))
    assert given_back == shares


def test_canceled_units_are_neither_paid_for_nor_refunded() -> None:
    canceled = [{"id": "C-1", "quantity": 1, "amount": money("25.00")}]
    for quantity in (3, 2):
        calculation = refund(an_order(a_line(quantity=quantity, cancelations=canceled)), quantity=2)
        assert calculation.units == 2
        assert calculation.asked.amount == money("50.00")


def test_units_that_others_refunded_are_done_as_well() -> None:
    line = a_line(
        quantity=3,
        price=money("75.00"),
        refunds=(a_past_refund("R-1"), a_past_refund("R-2", quantity=5), a_past_refund("R-3", quantity=None)),
    )
    with pytest.raises(Held) as held:
        refund(an_order(line))
    assert held.value.reason == "exceeds_remaining"
    calculation = refund(an_order(line.model_copy(update={"refunds": (line.refunds[0],)})), quantity=2)
    assert (calculation.done, calculation.asked.amount) == (1, money("50.00"))


def test_what_the_ledger_knows_of_our_refunds_goes_before_mirakls_informative_quantity() -> None:
    line = a_line(refunds=(a_past_refund("R-1", quantity=0),))
    assert refund(an_order(line), ours={"R-1": 1}).done == 1


@pytest.mark.parametrize("tax_mode", ["TAX_INCLUDED", "TAX_EXCLUDED"])
def test_a_tax_of_rule_none_is_sent_and_a_proportional_one_is_mirakls(tax_mode: str) -> None:
    line = a_line(
        taxes=(a_tax("VAT", "8.33"), a_tax("ECO", "1.00", "PROPORTIONAL_TO_AMOUNT")),
        shipping_taxes=(a_tax("VAT", "0.83"),),
    )
    asked = refund(an_order(line, tax_mode=tax_mode), shipping_refund="proportional").asked
    assert asked.order_tax_mode == tax_mode
    assert amounts(asked.taxes) == {"VAT": "4.17"}
    assert amounts(asked.shipping_taxes) == {"VAT": "0.42"}


def test_shipping_taxes_stay_where_the_shipping_stays() -> None:
    line = a_line(shipping_price=None, shipping_taxes=(a_tax("VAT", "0.83", None),))
    calculation = refund(an_order(line))
    assert calculation.asked.shipping_taxes == ()
    assert calculation.expected_commission is None


def test_a_tax_without_a_rule_takes_the_one_of_or75() -> None:
    line = a_line(taxes=(a_tax("VAT", "8.33", None), a_tax("ECO", "1.00", None)))
    rules = {"VAT": "NONE", "ECO": "PROPORTIONAL_TO_AMOUNT"}
    assert amounts(refund(an_order(line), tax_rules=rules).asked.taxes) == {"VAT": "4.17"}


def test_only_the_fees_that_are_named_go_back() -> None:
    line = a_line(fees=(a_fee("RECYCLING", "0.40"), a_fee("GIFT_WRAP", "2.00")))
    asked = refund(an_order(line), fee_codes=frozenset({"RECYCLING"})).asked
    assert amounts(asked.fees) == {"RECYCLING": "0.20"}


def test_each_share_shows_its_working() -> None:
    share = refund(an_order(a_line(refunds=(a_past_refund(),)))).shares[0]
    assert share.what == "price"
    assert share.formula == "round(50.00 × 2 ÷ 2) − round(50.00 × 1 ÷ 2)"
    assert (share.whole, share.remaining_before, share.result) == (
        money("50.00"),
        money("25.00"),
        money("25.00"),
    )


def test_the_commission_comes_back_at_the_lines_own_rate() -> None:
    calculation = refund(an_order(), shipping_refund="proportional")
    assert calculation.expected_commission == money("5.50")


@pytest.mark.parametrize("commission", [None, money("1E+99999999")])
def test_a_commission_that_mirakl_does_not_say_is_not_made_up(commission: Decimal | None) -> None:
    assert refund(an_order(a_line(total_commission=commission))).expected_commission is None


def test_a_calculation_kept_as_json_comes_back_equal_and_can_be_made_again() -> None:
    line = a_line(
        taxes=(a_tax("VAT", "8.33", None),),
        fees=(a_fee("RECYCLING", "0.40"),),
        promotions=[{"id": "SUMMER", "deduced_amount": money("10.00")}],
        refunds=(a_past_refund(taxes=(a_tax("VAT", "4.17"),)),),
    )
    calculation = refund(
        an_order(line),
        shipping_refund="proportional",
        ours={"R-1": 1},
        fee_codes=frozenset({"RECYCLING", "OTHER"}),
        tax_rules={"VAT": "NONE"},
    )
    kept = calculation.model_dump(mode="json")
    assert kept["asked"]["amount"] == "25.00"
    assert Calculation.model_validate(kept) == calculation
    assert Calculation.model_validate(kept).recompute() == calculation


def test_no_units_are_no_refund() -> None:
    with pytest.raises(ValueError, match="one unit or more"):
        refund(an_order(), quantity=0)
