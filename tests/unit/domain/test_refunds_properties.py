from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from integration.domain.orders import (
    CANCELED_STATES,
    REFUNDABLE_LINE_STATES,
    UNDEBITED_STATES,
    Cancelation,
    Fee,
    OrderLine,
    PastRefund,
    Promotion,
    Tax,
    Waits,
)
from integration.domain.refunds import Asked, Calculation
from integration.errors import Held
from tests.unit.domain.refund_examples import LINE_ID, a_line, a_past_refund, a_tax, an_order, refund

PENNIES = st.integers(0, 10**6).map(lambda minor_units: Decimal(minor_units).scaleb(-2))
FIGURES = st.none() | PENNIES | st.decimals(allow_nan=False, allow_infinity=False)
UNITS = st.none() | st.integers(-2, 5)
CODES = st.sampled_from(["VAT", "ECO"])
RULES = st.sampled_from([None, "NONE", "PROPORTIONAL_TO_AMOUNT", "BY_THE_MOON"])
STATES = st.sampled_from(
    [None, "TELEPORTED", "CLOSED", *sorted(REFUNDABLE_LINE_STATES | UNDEBITED_STATES | CANCELED_STATES)]
)
TAXES = st.lists(st.builds(Tax, code=CODES, amount=FIGURES, calculation_rule=RULES), max_size=2)
FEES = st.lists(st.builds(Fee, code=CODES, amount=FIGURES), max_size=2)
PAST_REFUNDS = st.builds(
    PastRefund,
    id=st.sampled_from(["R-1", "R-2"]),
    amount=FIGURES,
    shipping_amount=FIGURES,
    quantity=UNITS,
    taxes=TAXES,
    shipping_taxes=TAXES,
    fees=FEES,
)


@st.composite
def any_lines(draw: st.DrawFn) -> OrderLine:
    quantity, price_unit = draw(UNITS), draw(FIGURES)
    adds_up = quantity is not None and price_unit is not None and draw(st.booleans())
    return OrderLine(
        order_line_id=LINE_ID,
        state=draw(STATES | st.just("SHIPPED")),
        quantity=quantity,
        price_unit=price_unit,
        # Never None where it is drawn to add up.
        price=price_unit * quantity if adds_up else draw(FIGURES),  # type: ignore[operator]
        shipping_price=draw(FIGURES),
        total_commission=draw(FIGURES),
        taxes=draw(TAXES),
        shipping_taxes=draw(TAXES),
        fees=draw(FEES),
        cancelations=draw(st.lists(st.builds(Cancelation, id=st.just("C"), quantity=UNITS), max_size=2)),
        refunds=draw(st.lists(PAST_REFUNDS, max_size=2)),
        promotions=draw(st.lists(st.builds(Promotion, id=st.just("P"), deduced_amount=FIGURES), max_size=1)),
    )


@settings(deadline=None)
@given(
    line=any_lines(),
    facts=st.fixed_dictionaries(
        {
            "state": STATES | st.just("SHIPPED"),
            "tax_mode": st.sampled_from([None, "TAX_INCLUDED", "TAX_EXCLUDED", "TAX_PERHAPS"]),
            "currency": st.sampled_from([None, "GBP", "ZZZ"]),
            "payment_workflow": st.sampled_from([None, "PAY_ON_DELIVERY"]),
        }
    ),
    asked=st.fixed_dictionaries(
        {
            "quantity": st.integers(1, 4),
            "shipping_refund": st.sampled_from(["none", "proportional"]),
            "ours": st.dictionaries(st.sampled_from(["R-1", "R-2"]), st.integers(0, 3)),
            "fee_codes": st.frozensets(CODES),
            "tax_rules": st.dictionaries(CODES, st.sampled_from(["NONE", "PROPORTIONAL_TO_AMOUNT", "?"])),
            "currency": st.sampled_from(["GBP", "ZZZ"]),
        }
    ),
)
def test_any_order_is_refunded_within_its_limits_or_held_or_waits(
    line: OrderLine, facts: dict[str, Any], asked: dict[str, Any]
) -> None:
    try:
        calculation = refund(an_order(line, **facts), **asked)
    except (Held, Waits):
        return
    assert all(0 <= share.result <= share.remaining_before for share in calculation.shares)
    assert Calculation.model_validate_json(calculation.model_dump_json()).recompute() == calculation


@settings(deadline=None)
@given(
    price=PENNIES.filter(bool),
    shipping=PENNIES,
    vat=PENNIES,
    units=st.integers(1, 12),
    data=st.data(),
)
def test_a_line_that_comes_back_in_any_split_is_refunded_to_the_penny(
    price: Decimal, shipping: Decimal, vat: Decimal, units: int, data: st.DataObject
) -> None:
    """Each refund stands on the order when the next is calculated, as it does on Mirakl."""
    line = a_line(
        quantity=units,
        price=price * units,
        price_unit=price,
        shipping_price=shipping,
        taxes=(a_tax("VAT", str(vat)),),
    )
    made: list[Asked] = []
    while (done := sum(asked.quantity for asked in made)) < units:
        past = tuple(as_it_stands(number, asked) for number, asked in enumerate(made))
        calculation = refund(
            an_order(line.model_copy(update={"refunds": past})),
            data.draw(st.integers(1, units - done)),
            shipping_refund="proportional",
            ours={refund.id: refund.quantity for refund in past[::2]},
        )
        made.append(calculation.asked)
    assert sum(asked.amount for asked in made) == price * units
    assert sum(asked.shipping_amount for asked in made) == shipping
    assert sum(asked.taxes[0].amount for asked in made) == vat


@settings(deadline=None)
@given(price=PENNIES.filter(bool), shipping=PENNIES, units=st.integers(1, 9), data=st.data())
def test_without_taxes_both_tax_modes_ask_for_the_same(
    price: Decimal, shipping: Decimal, units: int, data: st.DataObject
) -> None:
    line = a_line(quantity=units, price=price * units, price_unit=price, shipping_price=shipping)
    quantity = data.draw(st.integers(1, units))
    included, excluded = (
        refund(an_order(line, tax_mode=mode), quantity, shipping_refund="proportional").asked
        for mode in ("TAX_INCLUDED", "TAX_EXCLUDED")
    )
    assert included == excluded.model_copy(update={"order_tax_mode": "TAX_INCLUDED"})


def as_it_stands(number: int, asked: Asked) -> PastRefund:
    return a_past_refund(
        f"R-{number}",
        amount=asked.amount,
        shipping_amount=asked.shipping_amount,
        quantity=asked.quantity,
        taxes=tuple(Tax(code=part.code, amount=part.amount) for part in asked.taxes),
    )
