"""A refund that is held shows the figures that do not add up, and of which line they are."""

from __future__ import annotations

from typing import Any

import pytest

from integration.domain.orders import Order, OrderLine
from integration.errors import Held
from tests.unit.domain.refund_examples import a_line, a_past_refund, a_tax, an_order, money, refund


def held(line: OrderLine, quantity: int = 1, **facts: Any) -> Held:
    order: Order = an_order(line)
    with pytest.raises(Held) as raised:
        refund(order, quantity, **facts)
    return raised.value


def test_more_units_than_are_left_are_told_as_units() -> None:
    case = held(a_line(refunds=[a_past_refund()]), 2)
    assert case.reason == "exceeds_remaining"
    assert case.evidence == {"what": "units", "whole": 2, "left": 1, "due": 2}


@pytest.mark.parametrize(
    ("facts", "named"),
    [
        ({"shipping_price": None}, "shipping_price is None"),
        ({"refunds": [a_past_refund(amount=None)]}, "refunded price is None"),
        ({"taxes": [a_tax("ECO", None)]}, "tax ECO is None"),
    ],
)
def test_a_figure_that_is_no_amount_is_named(facts: dict[str, Any], named: str) -> None:
    case = held(a_line(**facts), shipping_refund="proportional")
    assert (case.reason, named in case.detail) == ("line_does_not_add_up", True)


def test_refunds_of_ours_that_are_gone_are_listed() -> None:
    case = held(a_line(), ours={"R-8": 1, "R-7": 1})
    assert "confirmed refunds R-7, R-8." in case.detail


def test_a_shipping_tax_is_refunded_by_the_rule_of_the_marketplace_where_the_line_names_none() -> None:
    line = a_line(shipping_taxes=[a_tax("PORT", "1.00", None)])
    made = refund(an_order(line), shipping_refund="proportional", tax_rules={"PORT": "NONE"})
    assert [(tax.code, tax.amount) for tax in made.asked.shipping_taxes] == [("PORT", money("0.50"))]
    case = held(line, shipping_refund="proportional")
    assert case.reason == "tax_without_rule"
    assert "Line O-1-1: " in case.detail
