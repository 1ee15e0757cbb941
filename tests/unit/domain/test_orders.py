from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from integration.domain.orders import (
    ACCEPTED_STATES,
    Cancelation,
    Order,
    OrderLine,
    Promotion,
    Verdict,
    acceptance_verdict,
    active_units,
)
from integration.errors import Held


def a_line(
    quantity: int | None,
    price: str | None,
    price_unit: str | None,
    *,
    canceled: tuple[int | None, ...] = (),
    promoted: bool = False,
) -> OrderLine:
    return OrderLine(
        order_line_id="O-1-1",
        quantity=quantity,
        price=None if price is None else Decimal(price),
        price_unit=None if price_unit is None else Decimal(price_unit),
        cancelations=tuple(Cancelation(id=str(n), quantity=units) for n, units in enumerate(canceled)),
        promotions=(Promotion(id="P", deduced_amount=Decimal("10.00")),) if promoted else (),
    )


@pytest.mark.parametrize(
    ("line", "units"),
    [
        (a_line(2, "50.00", "25.00"), 2),
        (a_line(2, "50", "25.0000"), 2),
        (a_line(3, "50.00", "25.00", canceled=(1,)), 2),
        (a_line(2, "50.00", "25.00", canceled=(1,)), 2),
        (a_line(3, "25.00", "25.00", canceled=(1, None, 1)), 1),
        (a_line(2, "0.00", "25.00", canceled=(2,)), 0),
        (a_line(3, "20.00", "6.67", promoted=True), 3),
        (a_line(3, "100", "33", promoted=True), 3),
        (a_line(2, "1E+2", "5E+1", promoted=True), 2),
        (a_line(3, "13.34", "6.67", canceled=(1,), promoted=True), 2),
        (a_line(3, "0.00", "0.00", canceled=(1,)), 3),
    ],
)
def test_the_active_units_are_those_that_the_price_is_for(line: OrderLine, units: int) -> None:
    assert active_units(line) == units


@pytest.mark.parametrize(
    "line",
    [
        a_line(2, "45.00", "25.00"),
        a_line(3, "20.00", "6.67"),
        a_line(3, "20.04", "6.67", promoted=True),
        a_line(1, "50.01", "50.00", promoted=True),
        a_line(3, "60.00", "25.00", canceled=(1,)),
        a_line(1, "-25.00", "25.00", canceled=(2,)),
        a_line(None, "50.00", "25.00"),
        a_line(2, None, "25.00"),
        a_line(2, "50.00", None),
        a_line(2, "2E+99999999", "1E+99999999"),
        a_line(2, "2E-99999999", "1E-99999999"),
    ],
)
def test_a_line_whose_price_is_for_no_number_of_units_is_held(line: OrderLine) -> None:
    with pytest.raises(Held) as held:
        active_units(line)
    assert held.value.reason == "line_does_not_add_up"
    assert "O-1-1" in held.value.detail


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("STAGING", "waiting"),
        ("WAITING_ACCEPTANCE", "waiting"),
        ("REFUSED", "missed"),
        ("CANCELED", "canceled"),
        ("CANCELLED", "canceled"),
        *((state, "accepted") for state in sorted(ACCEPTED_STATES)),
    ],
)
def test_the_state_of_an_order_tells_what_became_of_its_acceptance(state: str, verdict: Verdict) -> None:
    assert acceptance_verdict(Order(order_id="O-1", state=state)) == verdict


def test_a_refusal_that_somebody_decided_is_not_missed() -> None:
    decided = datetime(2026, 1, 2, tzinfo=UTC)
    order = Order(order_id="O-1", state="REFUSED", acceptance_decision_date=decided)
    assert acceptance_verdict(order) == "refused"


@pytest.mark.parametrize("state", [None, "TELEPORTED"])
def test_a_state_that_is_not_known_is_held(state: str | None) -> None:
    with pytest.raises(Held) as held:
        acceptance_verdict(Order(order_id="O-1", state=state))
    assert held.value.reason == "unknown_order_state"


def test_a_line_is_found_by_its_id_alone() -> None:
    order = Order(order_id="O-1", lines=(OrderLine(order_line_id="95"), OrderLine(order_line_id="MMP-OL-7")))
    line = order.line("MMP-OL-7")
    assert line is order.lines[1]
    assert order.line("O-1") is None


def test_facts_keep_amounts_as_strings_and_moments_in_utc() -> None:
    order = Order.model_validate(
        {
            "order_id": "O-1",
            "created_date": "2026-01-02T11:00:00+01:00",
            "lines": [{"order_line_id": "1", "price": Decimal("50.00"), "unheard_of": True}],
        }
    )
    written = order.model_dump(mode="json")
    assert written["lines"][0]["price"] == "50.00"
    assert written["created_date"] == "2026-01-02T10:00:00Z"
    assert Order.model_validate(written) == order


@pytest.mark.parametrize(
    "facts",
    [
        {"order_id": "O-1", "created_date": "2026-01-02T11:00:00"},
        {"order_id": "O-1", "lines": [{"order_line_id": "1", "price": 0.1}]},
        {"order_id": "O-1", "lines": [{"order_line_id": "1", "price": Decimal("NaN")}]},
    ],
)
def test_a_float_a_nan_and_a_moment_without_a_zone_are_no_facts(facts: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Order.model_validate(facts)
