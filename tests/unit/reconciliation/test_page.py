"""The page: all in one file, and the same figures as the sheet."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from integration.domain.reconciliation import judge
from integration.domain.settlement import Cycle, Payout
from integration.domain.settlement_report import SettlementReport
from integration.domain.settlement_scope import InCycle
from integration.reports.chart import HEIGHT, charts
from integration.reports.page import render_page
from integration.reports.sheet import write_csv
from tests.unit.reconciliation.account_examples import a_payout, a_report, by, its_lines, known, money, stranger

CHROMIUM = shutil.which(os.environ.get("CHROMIUM", "chromium"))


class Totals(HTMLParser):
    """What stands in the elements with `data-total`, and the text of the whole page."""

    def __init__(self) -> None:
        super().__init__()
        self.totals: dict[str, str] = {}
        self.text = ""
        self._name: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._name = dict(attrs).get("data-total")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._name:
            self.totals[self._name] = self.totals.get(self._name, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._name = None


def a_month() -> SettlementReport:
    return a_report(
        judge(known("1"), its_lines("1")),
        judge(known("2"), by(its_lines("2"), "REFUND_ORDER_AMOUNT", "-1.00")),
        judge(known("3"), by(its_lines("3"), "REFUND_COMMISSION_FEE", "-0.70")),
        judge(known("4"), its_lines("4", cycle=None)),
        judge(known("5", on_mirakl=False), []),
        judge(stranger("6", order_id="<b>&"), its_lines("6")),
        judge(known("7", currency="EUR"), []),
    )


def read(page: str) -> Totals:
    parser = Totals()
    parser.feed(page)
    return parser


def sums_of(report: SettlementReport) -> dict[str, str]:
    """By what `data-total` calls them, from the CSV alone."""
    file = io.StringIO()
    write_csv(report, file)
    sums: dict[str, Decimal] = {}
    for row in csv.DictReader(io.StringIO(file.getvalue())):
        for column in ("refunded", "settled"):
            name = f"{column} {row['currency']}"
            amount = Decimal(row[column] or 0) if row["part"] in ("product", "shipping", "fee") else Decimal(0)
            sums[name] = sums.get(name, Decimal(0)) + amount
    return {name: f"{amount:.2f}" for name, amount in sums.items()}


def test_the_totals_on_the_page_are_those_of_the_sheet() -> None:
    totals = read(render_page(a_month())).totals
    assert totals == sums_of(a_month())
    assert totals["refunded GBP"] == "150.00"


def test_the_page_needs_nothing_else() -> None:
    page = render_page(a_month())
    assert not re.search(r"https?:|<script|@import|url\(", page)
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == ["data:,"]


def test_what_came_from_outside_is_text_and_never_markup() -> None:
    page = render_page(a_month(), lacking=["<i>late</i>"])
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;" in page
    assert "&lt;i&gt;late" in page


def test_exceptions_stand_before_everything_that_is_well() -> None:
    page = render_page(a_month())
    places = [page.index(f'<details class="refund {verdict}"') for verdict in (
        "ours_but_not_on_mirakl", "amount_differs", "commission_differs", "on_mirakl_but_not_ours",
        "not_yet_in_a_cycle", "matched",
    )]  # fmt: skip
    assert places == sorted(places)
    assert page.index("What to look at") < places[0]


def test_each_refund_opens_on_its_calculation() -> None:
    text = read(render_page(a_month())).text
    assert "expected 25.00; the account shows 26.00" in text
    assert "T-2-REFUND_ORDER_AMOUNT_TAX" in text


def test_a_month_tells_what_to_accrue_and_a_cycle_does_not() -> None:
    assert "To accrue at the end of 2026-11" in render_page(a_month())
    assert "To accrue" not in render_page(a_report(judge(known(), its_lines()), scope=InCycle("C-1")))


def test_what_no_line_explains_stands_out() -> None:
    page = render_page(a_report(payouts=(a_payout(transferred="80.00"),)))
    assert "unexplained -1.00 GBP" in page
    assert "unexplained" not in render_page(a_report())


def test_a_cycle_that_sbc11_has_not_shown_is_said_to_be_so() -> None:
    unknown = Payout(Cycle("C-9"), "GBP", None, {"sales": money("5.00")})
    page = render_page(a_report(payouts=(unknown,), documents=(), account_read_until=None))
    assert "not shown by SBC11 yet" in page
    assert "it was never read" in page


def test_an_empty_month_says_so() -> None:
    text = read(render_page(a_report(payouts=()))).text
    assert "No refund." in text
    assert "No billing cycle was made in this time." in text


def test_bars_are_as_high_as_their_amounts() -> None:
    (chart,) = charts([a_payout(), a_payout(transferred="162.00", refunds="0")])
    assert [(bar.kind, bar.height, bar.label) for bar in chart.bars] == [
        ("refunds", 27, "25.00"), ("payout", 90, "81.00"), ("refunds", 0, "0.00"), ("payout", HEIGHT, "162.00"),
    ]  # fmt: skip
    assert all(bar.y + bar.height == HEIGHT for bar in chart.bars)
    assert [day for _, day in chart.days] == ["2026-11-20", "2026-11-20"]
    (nothing,) = charts([Payout(Cycle("C-12345678"), "GBP", None, {})])
    assert [bar.height for bar in nothing.bars] == [0, 0]
    assert nothing.days[0][1] == "C-123456"


@pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED IN A BROWSER: there is no chromium on this machine")
def test_a_browser_shows_the_totals_and_has_nothing_to_complain_of(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(render_page(a_month()), encoding="utf-8")
    shown = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--enable-logging=stderr", "--dump-dom", path.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert read(shown.stdout).totals == sums_of(a_month())
    assert "CONSOLE" not in shown.stderr
