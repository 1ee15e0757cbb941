"""One verdict for each refund, with the figures that made it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from integration.domain.reconciliation import Figure, Reconciled, judge
from tests.unit.reconciliation.account_examples import (
    BILLED,
    MADE,
    by,
    its_lines,
    known,
    line,
    money,
    promise,
    stranger,
)


def verdict_of(lines: Any, **facts: Any) -> str:
    return judge(known(**facts), lines).verdict


def figure(refund: Reconciled, bucket: Any) -> Figure:
    found = refund.figure(bucket)
    assert found is not None
    return found


def test_a_refund_that_is_booked_to_the_penny_and_billed_is_matched() -> None:
    refund = judge(known(), its_lines())
    assert (refund.verdict, refund.refunded, refund.settled) == ("matched", money("25.00"), money("25.00"))
    assert refund.cycle_ids == ("C-1",)
    assert figure(refund, "product").tax == money("4.17")
    assert figure(refund, "commission").booked == money("6.00")
    assert figure(refund, "product").working == "expected 25.00; the account shows 25.00"
    assert refund.figure("operator") is None


@pytest.mark.parametrize("kind", ["REFUND_ORDER_AMOUNT", "REFUND_ORDER_AMOUNT_TAX"])
def test_one_penny_more_or_less_differs(kind: str) -> None:
    assert verdict_of(by(its_lines(), kind, "0.01")) == "amount_differs"
    assert verdict_of(by(its_lines(), kind, "-0.01")) == "amount_differs"


def test_shipping_and_fees_are_held_against_their_own_lines() -> None:
    lines = [
        *its_lines(),
        line("REFUND_ORDER_SHIPPING_AMOUNT", "-2.50"),
        line("REFUND_ORDER_SHIPPING_AMOUNT_TAX", "-0.50"),
        line("REFUND_ORDER_FEE_AMOUNT", "-1.00"),
    ]
    promised = promise(shipping=money("3.00"), fees=money("1.00"))
    refund = judge(known(promised=promised), lines)
    assert (refund.verdict, refund.refunded) == ("matched", money("29.00"))
    assert verdict_of(lines) == "amount_differs"
    assert verdict_of(lines, promised=replace(promised, fees=money("0.99"))) == "amount_differs"


def test_taxes_on_top_are_expected_on_top() -> None:
    lines = its_lines()
    told = promise(product=money("20.83"), taxes=money("4.17"))
    refund = judge(known(promised=told), lines)
    assert (refund.verdict, refund.refunded) == ("matched", money("25.00"))
    assert "20.83 + taxes 4.17 = 25.00" in figure(refund, "product").working
    assert verdict_of(lines, promised=replace(told, taxes=money("4.16"))) == "amount_differs"


def test_a_tax_that_mirakl_works_out_and_does_not_tell_is_taken_as_booked() -> None:
    untold = promise(product=money("20.83"), taxes=None)
    refund = judge(known(promised=untold), its_lines())
    assert (refund.verdict, refund.refunded) == ("matched", money("25.00"))
    assert "the tax that Mirakl works out, 4.17" in figure(refund, "product").working
    assert verdict_of(by(its_lines(), "REFUND_ORDER_AMOUNT", "0.01"), promised=untold) == "amount_differs"


@pytest.mark.parametrize(
    ("off", "verdict"), [("0.01", "matched"), ("-0.01", "matched"), ("0.02", "commission_differs")]
)
def test_a_commission_may_be_off_by_one_minor_unit(off: str, verdict: str) -> None:
    assert verdict_of(by(its_lines(), "REFUND_COMMISSION_FEE", off)) == verdict


def test_one_minor_unit_is_one_of_the_currency() -> None:
    lines = [
        line("REFUND_ORDER_AMOUNT", "-2500", currency="JPY"),
        line("REFUND_COMMISSION_FEE", "601", currency="JPY"),
    ]
    promised = promise(product=money("2500"), commission=money("600"))
    assert verdict_of(lines, promised=promised, currency="JPY") == "matched"


def test_a_commission_that_cannot_be_told_is_not_judged() -> None:
    refund = judge(known(promised=promise(commission=None)), its_lines())
    assert (refund.verdict, figure(refund, "commission").expected) == ("matched", None)


def test_an_amount_that_differs_is_worse_than_a_commission_that_does() -> None:
    lines = by(by(its_lines(), "REFUND_COMMISSION_FEE", "-5.00"), "REFUND_ORDER_AMOUNT", "1.00")
    assert verdict_of(lines) == "amount_differs"


def test_what_the_operator_bears_is_shown_and_not_judged() -> None:
    remitted = line("OPERATOR_REMITTED_REFUND_ORDER_AMOUNT_TAX", "4.17")
    paid = line("OPERATOR_PAID_REFUND_ORDER_SHIPPING_AMOUNT", "3.00")
    refund = judge(known(), [*its_lines(), remitted, paid])
    assert refund.verdict == "matched"
    assert (figure(refund, "operator").booked, figure(refund, "operator").tax) == (money("7.17"), money("4.17"))


def test_a_type_that_is_unknown_is_a_question_for_a_person() -> None:
    lines = [*its_lines(), line("REFUND_SOMETHING_NEW", "-0.50")]
    assert verdict_of(lines) == "amount_differs"
    assert "unknown" in figure(judge(known(), lines), "other").working


def test_a_line_in_another_currency_differs_and_is_not_added_up() -> None:
    lines = [*its_lines(), line("REFUND_ORDER_AMOUNT", "-25.00", id="T-eur", currency="EUR")]
    refund = judge(known(), lines)
    assert (refund.verdict, refund.settled) == ("amount_differs", money("25.00"))
    assert "EUR" in figure(refund, "product").working


def test_before_every_line_is_in_a_cycle_nothing_is_judged() -> None:
    assert verdict_of(its_lines(cycle=None)) == "not_yet_in_a_cycle"
    assert verdict_of([*its_lines()[:2], *its_lines(cycle=None)[2:]]) == "not_yet_in_a_cycle"
    assert verdict_of(by(its_lines(cycle=None), "REFUND_ORDER_AMOUNT", "1.00")) == "not_yet_in_a_cycle"


def test_a_line_that_only_informs_is_no_money() -> None:
    informing = line("REFUND_ORDER_AMOUNT", "-25.00", id="T-info", cycle=None, payment_state="NOT_APPLICABLE")
    assert verdict_of([*its_lines(), informing]) == "matched"


def test_a_refund_without_lines_waits_unless_its_order_does_not_show_it_either() -> None:
    assert verdict_of([]) == "not_yet_in_a_cycle"
    gone = judge(known(on_mirakl=False), [])
    assert (gone.verdict, gone.refunded, gone.settled) == ("ours_but_not_on_mirakl", money("25.00"), money("0"))
    assert gone.made_at == MADE


def test_lines_of_a_refund_that_vanished_count_only_where_they_were_billed() -> None:
    assert verdict_of(its_lines(cycle=None), on_mirakl=False) == "ours_but_not_on_mirakl"
    assert verdict_of([*its_lines()[:2], *its_lines(cycle=None)[2:]], on_mirakl=False) == "not_yet_in_a_cycle"
    assert verdict_of(its_lines(), on_mirakl=False) == "matched"


def test_a_refund_of_others_is_what_the_account_shows_else_what_the_order_shows() -> None:
    booked = judge(stranger(seen=money("20.83")), its_lines("88"))
    assert (booked.verdict, booked.refunded, booked.settled) == (
        "on_mirakl_but_not_ours", money("25.00"), money("25.00"),
    )  # fmt: skip
    assert not any(part.differs for part in booked.figures)
    assert judge(stranger(seen=money("5.00")), []).refunded == money("5.00")
    assert judge(stranger(), []).refunded == 0


def test_a_refund_in_two_cycles_names_the_oldest_first() -> None:
    later = [replace(each, cycle_id="C-0", billed_at=BILLED + timedelta(days=30)) for each in its_lines()[2:]]
    assert judge(known(), [*later, *its_lines()[:2]]).cycle_ids == ("C-1", "C-0")


def test_a_refund_is_made_when_mirakl_says_so() -> None:
    early = replace(its_lines()[1], created=MADE - timedelta(minutes=3))
    assert judge(known(), [its_lines()[0], early]).made_at == early.created
