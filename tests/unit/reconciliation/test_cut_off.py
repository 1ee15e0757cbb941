"""Months, cycles, what to accrue at a month's end, and what verdicts sum to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from integration.domain.reconciliation import judge
from integration.domain.settlement import AccountLine
from integration.domain.settlement_report import Accrual, CommissionBack, Total, accruals, commission_back, totals
from integration.domain.settlement_scope import InCycle, Month
from tests.unit.reconciliation.account_examples import (
    DECEMBER,
    MADE,
    NOVEMBER,
    a_report,
    by,
    its_lines,
    known,
    money,
    stranger,
)

IN_DECEMBER = datetime(2026, 12, 3, tzinfo=UTC)


def billed_at(moment: datetime, refund_id: str = "77") -> list[AccountLine]:
    return [replace(each, billed_at=moment) for each in its_lines(refund_id)]


def test_a_month_begins_at_its_first_instant_and_ends_before_the_next() -> None:
    assert (NOVEMBER.start, NOVEMBER.end) == (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    assert DECEMBER.end == datetime(2027, 1, 1, tzinfo=UTC)
    last = judge(known(noted_at=NOVEMBER.end - timedelta(microseconds=1)), [])
    first = judge(known(noted_at=NOVEMBER.end), [])
    assert (NOVEMBER.holds(last), DECEMBER.holds(last)) == (True, False)
    assert (NOVEMBER.holds(first), DECEMBER.holds(first)) == (False, True)


@pytest.mark.parametrize("name", ["2026-13", "November", "2026", "9999-12"])
def test_what_names_no_month_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Month.named(name)


def test_a_cycle_holds_the_refunds_with_a_line_in_it() -> None:
    refund = judge(known(), its_lines())
    assert InCycle("C-1").holds(refund)
    assert not InCycle("C-2").holds(refund)
    assert accruals(a_report(refund, scope=InCycle("C-1"))) == []


def test_what_is_in_no_cycle_at_the_end_of_the_month_is_accrued_also_when_asked_later() -> None:
    asked_then = a_report(judge(known(), its_lines(cycle=None)))
    asked_later = a_report(judge(known(), billed_at(IN_DECEMBER)))
    expected = [Accrual("GBP", 1, money("25.00"), money("6.00"))]
    assert accruals(asked_then) == accruals(asked_later) == expected
    assert accruals(a_report(judge(known(), billed_at(IN_DECEMBER)), scope=DECEMBER)) == []
    assert accruals(a_report(judge(known(), its_lines()))) == []


def test_a_refund_that_the_account_does_not_show_yet_is_accrued_as_promised() -> None:
    assert accruals(a_report(judge(known(), []))) == [Accrual("GBP", 1, money("25.00"), money("6.00"))]
    assert accruals(a_report(judge(known(on_mirakl=False), []))) == []
    assert accruals(a_report(judge(known(noted_at=IN_DECEMBER), []))) == []
    assert accruals(a_report(judge(stranger(seen=money("5.00")), []))) == [Accrual("GBP", 1, money("5.00"), money("0"))]


def test_accruals_are_kept_apart_by_currency() -> None:
    euros = [replace(each, currency="EUR") for each in its_lines("78", cycle=None)]
    report = a_report(judge(known("78", currency="EUR"), euros), judge(known(), its_lines(cycle=None)))
    assert [accrual.currency for accrual in accruals(report)] == ["EUR", "GBP"]


def test_the_report_lists_the_worst_first_and_leaves_other_months_out() -> None:
    matched = judge(known("1"), its_lines("1"))
    gone = judge(known("2", on_mirakl=False), [])
    differs = judge(known("3"), by(its_lines("3"), "REFUND_ORDER_AMOUNT", "1.00"))
    other_month = judge(known("4", noted_at=MADE - timedelta(days=30)), [])
    report = a_report(matched, other_month, differs, gone)
    assert [refund.verdict for refund in report.refunds] == ["ours_but_not_on_mirakl", "amount_differs", "matched"]
    assert report.payout_reference(matched) == "BANK-7"
    assert report.payout_reference(gone) is None


def test_totals_are_by_currency_and_verdict() -> None:
    refunds = [
        judge(known("1"), its_lines("1")),
        judge(known("2"), its_lines("2")),
        judge(known("3"), []),
        judge(known("4", currency="EUR"), []),
    ]
    assert totals(refunds) == [
        Total("not_yet_in_a_cycle", "EUR", 1, money("25.00"), money("0")),
        Total("not_yet_in_a_cycle", "GBP", 1, money("25.00"), money("0")),
        Total("matched", "GBP", 2, money("50.00"), money("50.00")),
    ]


def test_commission_is_told_for_the_refunds_in_which_it_is_judged() -> None:
    refunds = [
        judge(known("1"), its_lines("1")),
        judge(known("2"), by(its_lines("2"), "REFUND_COMMISSION_FEE", "-1.00")),
        judge(known("3"), its_lines("3", cycle=None)),
        judge(known("4"), []),
        judge(stranger("5"), its_lines("5")),
    ]
    assert commission_back(refunds) == [CommissionBack("GBP", 2, money("12.00"), money("11.00"), 1)]


def test_a_line_is_settled_in_the_month_of_its_cycle() -> None:
    (first, *_) = its_lines()
    assert NOVEMBER.settles(first)
    assert not DECEMBER.settles(first)
    assert not NOVEMBER.settles(its_lines(cycle=None)[0])
