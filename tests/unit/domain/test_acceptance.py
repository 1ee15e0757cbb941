"""Whether an order is accepted, and whether all that wait will be in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.domain.acceptance import UnknownSku, decide_acceptance, forecast
from integration.errors import Held

NOW = datetime(2026, 1, 2, 10, 0, tzinfo=UTC)
KNOWN = {"A", "B"}


def decide(skus: dict[str, str | None], rule: UnknownSku) -> dict[str, bool]:
    return decide_acceptance("O-1", skus, unknown_sku=rule, is_known=KNOWN.__contains__)


def test_without_a_rule_every_line_is_accepted_whatever_its_sku() -> None:
    assert decide({"1": "A", "2": "unheard-of", "3": None}, "accept") == {"1": True, "2": True, "3": True}


@pytest.mark.parametrize("rule", ["hold", "refuse"])
def test_an_order_of_known_skus_is_accepted_under_every_rule(rule: UnknownSku) -> None:
    assert decide({"1": "A", "2": "B"}, rule) == {"1": True, "2": True}


@pytest.mark.parametrize("skus", [{"1": "unheard-of"}, {"1": None}, {"1": "A", "2": "unheard-of"}])
def test_an_unknown_sku_is_held_where_the_rule_says_hold(skus: dict[str, str | None]) -> None:
    with pytest.raises(Held) as held:
        decide(skus, "hold")
    assert held.value.reason == "unknown_offer_sku"


def test_an_order_of_unknown_skus_alone_is_refused_where_the_rule_says_refuse() -> None:
    assert decide({"1": "x", "2": "y"}, "refuse") == {"1": False, "2": False}


def test_a_mixed_order_is_held_and_never_split() -> None:
    with pytest.raises(Held) as held:
        decide({"1": "A", "2": "y"}, "refuse")
    assert held.value.evidence == {"unknown": {"2": "y"}}


def test_an_order_without_a_line_is_held_since_there_is_nothing_to_accept() -> None:
    with pytest.raises(Held) as held:
        decide({}, "accept")
    assert held.value.reason == "order_without_lines"


@given(
    st.dictionaries(st.text(min_size=1), st.one_of(st.none(), st.sampled_from(["A", "B", "x", "y"])), min_size=1),
    st.sampled_from(["accept", "hold", "refuse"]),
)
def test_a_decision_names_every_line_and_never_mixes(skus: dict[str, str | None], rule: UnknownSku) -> None:
    try:
        decided = decide(skus, rule)
    except Held:
        return
    assert decided.keys() == skus.keys()
    assert len(set(decided.values())) == 1


def deadlines(*seconds: float) -> list[datetime]:
    return [NOW + timedelta(seconds=each) for each in seconds]


def test_all_are_in_time_when_the_rate_carries_each_before_its_deadline() -> None:
    outlook = forecast(deadlines(2, 3, 4), now=NOW, acknowledged=300, seconds=300)
    assert outlook.all_in_time
    assert (outlook.waiting, outlook.rate, outlook.first_late) == (3, 1.0, None)


def test_the_first_order_that_will_not_make_it_is_named_by_its_deadline() -> None:
    assert forecast(deadlines(2, 3, 3), now=NOW, acknowledged=200, seconds=200).all_in_time
    assert forecast(deadlines(2, 2.5, 2.5), now=NOW, acknowledged=200, seconds=200).first_late == deadlines(2.5)[0]


def test_nothing_makes_it_where_nothing_is_acknowledged() -> None:
    assert forecast(deadlines(900), now=NOW, acknowledged=0, seconds=300).first_late == deadlines(900)[0]


def test_nothing_waiting_is_always_in_time() -> None:
    assert forecast([], now=NOW, acknowledged=0, seconds=300).all_in_time
