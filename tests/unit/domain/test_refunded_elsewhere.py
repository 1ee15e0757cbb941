"""Which refunds on a line may be for the units that came back, and how often that asks a person for nothing."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from integration.domain.orders import OrderLine, PastRefund
from integration.domain.refund_guards import missing_from_list, refunded_elsewhere

ANNOUNCED = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
REFUNDS = 20_000
BY_HAND = 0.02


def line(*refunds: PastRefund, shown: bool = True) -> OrderLine:
    return OrderLine(order_line_id="L", refunds=refunds, refunds_shown=shown)


def past(name: str, created: datetime | None = ANNOUNCED) -> PastRefund:
    return PastRefund(id=name, amount=Decimal("25.00"), quantity=1, created_date=created)


def test_what_came_up_since_the_announcement_and_is_nobodys_may_be_for_its_units() -> None:
    """M1: from the very moment on; what is older, ours, or said to be for something else, is not."""
    moment = timedelta(milliseconds=1)
    of_line = line(
        past("older", ANNOUNCED - moment), past("same"), past("later", ANNOUNCED + moment), past("undated", None),
        past("ours"), past("said"),
    )  # fmt: skip
    found = refunded_elsewhere(of_line, attributed={"ours"}, others={"said"}, announced=ANNOUNCED)
    assert [one.id for one in found] == ["same", "later", "undated"]
    unknown = refunded_elsewhere(of_line, attributed={"ours"}, others={"said"}, announced=None)
    assert [one.id for one in unknown] == ["older", "same", "later", "undated"]


def test_a_list_is_whole_that_shows_what_is_known_to_be_there() -> None:
    """M5: one that is left out, or that lacks one of them, proves nothing."""
    assert missing_from_list(line(past("a")), expected=["a"]) is None
    assert missing_from_list(line(), expected=[]) is None
    assert missing_from_list(line(shown=False), expected=[]) == "Mirakl leaves the refunds of line L out"
    assert missing_from_list(line(past("a")), expected=["b", "a", "c"]) == "Mirakl does not show refund b, c of line L"


def test_in_an_ordinary_month_it_asks_a_person_about_one_refund_of_two_hundred_at_most() -> None:
    """M1: customer service refunds a little on one line of fifty, on any of the thirty days after the sale; a return is
    announced from day 3 to day 24 and judged six days later."""
    chance = random.Random(7)  # noqa: S311 - chance, not secrecy
    held = 0
    for _ in range(REFUNDS):
        sold, announced = ANNOUNCED, ANNOUNCED + timedelta(days=chance.uniform(3, 24))
        by_hand = sold + timedelta(days=chance.uniform(0, 30)) if chance.random() < BY_HAND else None
        there = by_hand is not None and by_hand < announced + timedelta(days=6)
        of_line = line(past("goodwill", by_hand)) if there else line()
        held += bool(refunded_elsewhere(of_line, attributed=(), others=(), announced=announced))
    assert 0 < held <= REFUNDS // 200
