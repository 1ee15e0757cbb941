"""What holds for every set of refunds, lines and cycles."""

from __future__ import annotations

import io
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from integration.domain.reconciliation import Reconciled, judge
from integration.domain.settlement import AccountLine
from integration.domain.settlement_report import accruals, totals
from integration.reports.accounts import DEFAULT_ACCOUNTS
from integration.reports.journal import journal, write_journal
from integration.reports.page import render_page
from integration.reports.sheet import write_csv
from tests.unit.reconciliation.account_examples import (
    MADE,
    NOVEMBER,
    a_report,
    its_lines,
    known,
    line,
    promise,
    stranger,
)  # fmt: skip

KINDS = ["REFUND_ORDER_AMOUNT", "REFUND_ORDER_AMOUNT_TAX", "REFUND_COMMISSION_FEE", "REFUND_ORDER_FEE_AMOUNT", "NEW"]
pennies = st.integers(-5_000, 5_000).map(lambda amount: Decimal(amount).scaleb(-2))
days = st.integers(-40, 40).map(lambda number: timedelta(days=number))


@st.composite
def lines(draw: st.DrawFn, refund_id: str, currency: str) -> list[AccountLine]:
    made, found = MADE + draw(days), []
    for number, kind in enumerate(draw(st.lists(st.sampled_from(KINDS), max_size=5))):
        cycle = draw(st.sampled_from([None, "C-1", "C-2"]))
        settled = None if cycle is None else made + abs(draw(days))
        found.append(
            line(kind, str(draw(pennies)), id=f"{refund_id}-{number}", refund_id=refund_id, cycle=cycle, created=made,
                 billed_at=settled, currency=draw(st.sampled_from([currency, currency, "EUR"])))
        )  # fmt: skip
    return found


@st.composite
def refunds(draw: st.DrawFn) -> list[Reconciled]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        refund_id, currency = str(number), draw(st.sampled_from(["GBP", "EUR"]))
        noted_at = MADE + draw(days)
        promised = promise(product=abs(draw(pennies)), commission=draw(st.none() | pennies.map(abs)))
        ours = known(refund_id, currency=currency, promised=promised, on_mirakl=draw(st.booleans()), noted_at=noted_at)
        others = stranger(refund_id, currency=currency, seen=abs(draw(pennies)), noted_at=noted_at)
        found.append(judge(draw(st.sampled_from([ours, others])), draw(lines(refund_id, currency))))
    return found


@given(refunds())
def test_the_verdicts_amounts_sum_to_the_refunds(found: list[Reconciled]) -> None:
    by_currency: dict[str, Decimal] = defaultdict(Decimal)
    for refund in found:
        by_currency[refund.refund.currency] += refund.refunded
    summed: dict[str, Decimal] = defaultdict(Decimal)
    for total in totals(found):
        summed[total.currency] += total.refunded
    assert summed == by_currency
    assert sum(total.count for total in totals(found)) == len(found)


@given(refunds())
def test_the_journal_balances(found: list[Reconciled]) -> None:
    balance: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    for entry in journal(a_report(*found), DEFAULT_ACCOUNTS):
        assert (entry.debit > 0) != (entry.credit > 0)
        balance[entry.date, entry.currency, entry.reference] += entry.debit - entry.credit
    assert not any(balance.values())


@given(refunds())
def test_a_rerun_over_the_same_data_gives_the_same_bytes(found: list[Reconciled]) -> None:
    def bytes_of(order: list[Reconciled]) -> list[str]:
        report, sheet, entries = a_report(*order), io.StringIO(), io.StringIO()
        write_csv(report, sheet)
        write_journal(journal(a_report(*found), DEFAULT_ACCOUNTS), entries)
        return [sheet.getvalue(), entries.getvalue(), render_page(report)]

    assert bytes_of(found) == bytes_of(found[::-1])


@given(st.permutations(its_lines()))
def test_the_order_in_which_lines_come_changes_nothing(shuffled: list[AccountLine]) -> None:
    assert judge(known(), shuffled) == judge(known(), its_lines())


@given(refunds(), st.integers(1, 4))
def test_a_line_that_comes_later_moves_its_own_refund_from_waiting_to_matched_and_nothing_else(
    others: list[Reconciled], late: int
) -> None:
    arrived = its_lines("new")
    on_the_way = [replace(each, cycle_id=None, billed_at=None) for each in arrived[-late:]]
    before = a_report(*others, judge(known("new"), [*arrived[:-late], *on_the_way]))
    after = a_report(*others, judge(known("new"), arrived))
    verdicts = [
        {refund.refund.mirakl_refund_id: refund.verdict for refund in report.refunds} for report in (before, after)
    ]
    assert verdicts[0].pop("new") == "not_yet_in_a_cycle"
    assert verdicts[1].pop("new") == "matched"
    assert verdicts[0] == verdicts[1]


@given(refunds())
def test_the_balance_of_what_is_accrued_is_the_cut_off(found: list[Reconciled]) -> None:
    """Booked from the beginning, the accrued account holds at the end of the month what `accruals` tells."""
    beginning = replace(NOVEMBER, start=MADE - timedelta(days=90))
    ours = [refund for refund in found if {each.kind.bucket for each in refund.lines} <= {"product", "commission"}]
    ours = [refund for refund in ours if all(each.currency == refund.refund.currency for each in refund.lines)]
    balance: dict[str, Decimal] = defaultdict(Decimal)
    for entry in journal(a_report(*ours, scope=beginning), DEFAULT_ACCOUNTS):
        if entry.account == DEFAULT_ACCOUNTS["accrued"]:
            balance[entry.currency] += entry.credit - entry.debit
    told = {each.currency: each.refunded - each.commission for each in accruals(a_report(*ours, scope=beginning))}
    for currency in balance.keys() | told.keys():
        assert balance[currency] == told.get(currency, Decimal(0))
