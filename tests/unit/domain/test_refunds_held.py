from __future__ import annotations

from typing import Any

import pytest

from integration.domain.orders import Order, OrderLine, Waits
from integration.errors import Held
from tests.unit.domain.refund_examples import NOW, a_fee, a_line, a_past_refund, a_tax, an_order, money, refund


def reason_of(order: Order, quantity: int = 1, **facts: Any) -> str:
    with pytest.raises(Held) as held:
        refund(order, quantity, **facts)
    assert "O-1" in held.value.detail
    return held.value.reason


@pytest.mark.parametrize("state", ["CLOSED", "REFUSED", "CANCELED", "CANCELLED"])
def test_an_order_that_has_ended_is_not_refunded(state: str) -> None:
    assert reason_of(an_order(state=state)) == "order_closed"
    assert reason_of(an_order(a_line(state=state))) == "order_line_closed"


@pytest.mark.parametrize("state", ["STAGING", "WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT"])
def test_an_order_that_is_not_debited_waits(state: str) -> None:
    for order in (an_order(state=state), an_order(a_line(state=state))):
        with pytest.raises(Waits) as waits:
            refund(order)
        assert waits.value.reason == "order_not_debited"


@pytest.mark.parametrize("workflow", ["PAY_ON_DELIVERY", "PAY_ON_DUE_DATE", "PAY_ON_SHIPMENT"])
def test_a_shipped_order_that_is_debited_late_waits_for_its_debit(workflow: str) -> None:
    with pytest.raises(Waits, match="order_not_debited"):
        refund(an_order(state="SHIPPED", payment_workflow=workflow))
    debited = an_order(state="SHIPPED", payment_workflow=workflow, customer_debited_date=NOW)
    assert refund(debited).asked.amount == money("25.00")


@pytest.mark.parametrize("workflow", [None, "PAY_ON_ACCEPTANCE", "NO_CUSTOMER_PAYMENT_CONFIRMATION"])
def test_a_shipped_order_needs_no_debit_date_where_none_may_ever_come(workflow: str | None) -> None:
    assert refund(an_order(state="SHIPPED", payment_workflow=workflow)).asked.amount == money("25.00")


@pytest.mark.parametrize("state", [None, "TELEPORTED"])
def test_a_state_that_is_not_known_moves_no_money(state: str | None) -> None:
    assert reason_of(an_order(state=state)) == "unknown_order_state"
    assert reason_of(an_order(a_line(state=state))) == "unknown_order_line_state"


def test_a_line_with_an_open_incident_can_be_refunded() -> None:
    assert refund(an_order(a_line(state="INCIDENT_OPEN"))).asked.amount == money("25.00")


@pytest.mark.parametrize("currency", [None, "EUR"])
def test_a_return_in_another_currency_than_its_order_is_held(currency: str | None) -> None:
    assert reason_of(an_order(currency=currency)) == "currency_differs"


@pytest.mark.parametrize("tax_mode", [None, "TAX_PERHAPS"])
def test_a_tax_mode_that_is_not_known_is_held(tax_mode: str | None) -> None:
    assert reason_of(an_order(tax_mode=tax_mode)) == "unknown_tax_mode"


def test_a_line_of_another_order_is_held() -> None:
    assert reason_of(an_order(), order_line_id="O-2-1") == "order_line_not_in_order"


def test_a_currency_that_nobody_knows_is_held() -> None:
    with pytest.raises(Held) as held:
        refund(an_order(currency="ZZZ"), currency="ZZZ")
    assert held.value.reason == "unknown_currency"


@pytest.mark.parametrize(
    "line",
    [
        a_line(price=money("45.00")),
        a_line(price=None),
        a_line(price=money("50.001"), price_unit=money("25.0005")),
        a_line(price=money("-50.00"), price_unit=money("-25.00")),
        a_line(shipping_price=None),
        a_line(taxes=(a_tax("VAT", None),)),
        a_line(taxes=(a_tax("VAT", "4.00"), a_tax("VAT", "1.00"))),
        a_line(shipping_taxes=(a_tax("VAT", "0.40"), a_tax("VAT", "0.10"))),
        a_line(refunds=(a_past_refund(amount=None),)),
        a_line(refunds=(a_past_refund(shipping_amount=None),)),
        a_line(refunds=(a_past_refund(quantity=-1),)),
    ],
)
def test_figures_that_do_not_add_up_are_held(line: OrderLine) -> None:
    assert reason_of(an_order(line), shipping_refund="proportional") == "line_does_not_add_up"


def test_a_past_refund_that_does_not_say_its_shipping_stops_only_a_refund_of_shipping() -> None:
    line = a_line(refunds=(a_past_refund(shipping_amount=None),))
    assert refund(an_order(line)).asked.amount == money("25.00")


@pytest.mark.parametrize(
    "line",
    [
        a_line(quantity=1, price=money("25.00")),
        a_line(cancelations=[{"id": "C-1", "quantity": 1}], quantity=2, price=money("25.00")),
        a_line(refunds=(a_past_refund(),)),
        a_line(refunds=(a_past_refund(quantity=None, amount=money("0.01")),)),
        a_line(refunds=(a_past_refund(quantity=None, amount=money("60.00")),)),
        a_line(refunds=(a_past_refund(quantity=0, amount=money("0"), shipping_amount=money("0.01")),)),
        a_line(
            taxes=(a_tax("VAT", "8.33"),),
            refunds=(a_past_refund(quantity=0, amount=money("0"), taxes=(a_tax("VAT", "0.01", None),)),),
        ),
        a_line(
            shipping_taxes=(a_tax("VAT", "0.83"),),
            refunds=(a_past_refund(quantity=0, amount=money("0"), shipping_taxes=(a_tax("VAT", "0.01", None),)),),
        ),
        a_line(
            fees=(a_fee("RECYCLING", "0.40"),),
            refunds=(a_past_refund(quantity=0, amount=money("0"), fees=(a_fee("RECYCLING", "0.01"),)),),
        ),
    ],
)
def test_more_than_what_is_left_is_held_and_never_capped(line: OrderLine) -> None:
    fees = frozenset({"RECYCLING"})
    assert reason_of(an_order(line), 2, shipping_refund="proportional", fee_codes=fees) == "exceeds_remaining"


def test_what_is_left_is_told_to_the_person_who_looks() -> None:
    line = a_line(refunds=(a_past_refund(quantity=None, amount=money("30.00")),))
    with pytest.raises(Held) as held:
        refund(an_order(line))
    assert held.value.evidence == {"what": "price", "whole": "50.00", "left": "20.00", "due": "25.00"}


def test_a_tax_that_nobody_says_how_to_refund_is_held() -> None:
    line = a_line(taxes=(a_tax("VAT", "8.33", None),))
    assert reason_of(an_order(line)) == "tax_without_rule"
    assert reason_of(an_order(line), tax_rules={"VAT": "BY_THE_MOON"}) == "unknown_tax_rule"


def test_a_refund_of_ours_that_the_order_no_longer_shows_is_held() -> None:
    assert reason_of(an_order(), ours={"R-1": 1}) == "confirmed_refund_missing"


def test_units_that_cost_nothing_are_nothing_to_refund() -> None:
    line = a_line(price=money("0.00"), price_unit=money("0.00"))
    assert reason_of(an_order(line)) == "nothing_to_refund"
    assert refund(an_order(line), shipping_refund="proportional").asked.shipping_amount == money("2.50")
