"""The reconciliation as one HTML page that needs nothing else: no network, no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from jinja2 import Environment, PackageLoader, StrictUndefined

from integration.domain.amounts import written
from integration.domain.reconciliation import EXCEPTIONS, ZERO
from integration.domain.settlement_report import SettlementReport, Total, accruals, commission_back, totals
from integration.domain.settlement_scope import Month
from integration.reports.chart import BAR, HEIGHT, charts

SENTENCES = {
    "ours_but_not_on_mirakl": "Confirmed here, but neither Mirakl's account nor the order shows it.",
    "amount_differs": "The account shows another amount than the one that was asked for.",
    "commission_differs": "Mirakl gave back another commission than expected.",
    "on_mirakl_but_not_ours": "Made by others, in Mirakl's back office or by another system.",
    "not_yet_in_a_cycle": "Made, and in no billing cycle yet: accrue it.",
    "matched": "Asked for, booked and in a billing cycle, to the minor unit.",
}


def render_page(report: SettlementReport, *, lacking: Sequence[str] = ()) -> str:
    """The page. The same data gives the same bytes.

    :param lacking: what could not be fetched for it, a sentence each.
    """
    page = _environment.get_template("page.html.j2")
    refunds = report.refunds
    groups = totals(refunds)
    return page.render(
        report=report,
        of_month=isinstance(report.scope, Month),
        lacking=lacking,
        totals=groups,
        sums=[_sum(groups, currency) for currency in sorted({group.currency for group in groups})],
        exceptions=[refund for refund in refunds if refund.verdict in EXCEPTIONS],
        others=[refund for refund in refunds if refund.verdict not in EXCEPTIONS],
        commission=commission_back(refunds),
        accruals=accruals(report),
        charts=charts(report.payouts),
        bar_width=BAR,
        chart_height=HEIGHT,
        sentences=SENTENCES,
    )


@dataclass(frozen=True)
class Sum:
    """All refunds of one currency, whatever their verdict."""

    currency: str
    count: int
    refunded: Decimal
    settled: Decimal


def _sum(groups: Sequence[Total], currency: str) -> Sum:
    of_currency = [group for group in groups if group.currency == currency]
    return Sum(
        currency,
        sum(group.count for group in of_currency),
        sum((group.refunded for group in of_currency), ZERO),
        sum((group.settled for group in of_currency), ZERO),
    )


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M UTC")


_environment = Environment(
    loader=PackageLoader("integration.reports", "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_environment.filters |= {"amount": written, "moment": _moment}
