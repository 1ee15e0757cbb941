"""`backhaul reconcile`: every refund of a month or of a billing cycle, held against Mirakl's account."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from integration.cli.options import AsJson
from integration.cli.output import print_json, print_table
from integration.cli.session import acting, reading
from integration.domain.amounts import written
from integration.domain.settlement_report import SettlementReport, accruals, totals
from integration.domain.settlement_scope import InCycle, Month, Scope
from integration.ledger.account_reads import refusals
from integration.reports.accounts import DEFAULT_ACCOUNTS, load_accounts
from integration.reports.journal import journal, write_journal
from integration.reports.page import render_page
from integration.reports.sheet import refund_rows, write_csv
from integration.usecases.ingest_transactions import Progress as Told
from integration.usecases.reconcile import reconcile as reconcile_
from integration.usecases.refresh_account import refresh_account
from integration.usecases.review_differences import put_into_inbox

COLUMNS = (
    "mirakl_refund_id", "order_id", "order_line_id", "verdict", "refunded", "settled", "currency", "cycle_id",
    "payout_reference",
)  # fmt: skip


def reconcile(
    month: Annotated[str | None, typer.Option(help="Refunds made in this month (UTC), such as 2026-11.")] = None,
    cycle: Annotated[str | None, typer.Option(help="Refunds in this billing cycle, by Mirakl's id.")] = None,
    shop: Annotated[str | None, typer.Option(help="Another shop of this ledger than MIRAKL_SHOP_ID's.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write a row for each part of each refund.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write one page with totals, chart and exceptions.")] = None,
    journal_file: Annotated[Path | None, typer.Option("--journal", help="Write journal entries as CSV.")] = None,
    accounts: Annotated[Path | None, typer.Option(help="Account codes for --journal: a CSV account,code.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Report what is known; ask Mirakl for nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Follow every refund from its calculation to the payout that settled it. Exit 1 where there is none."""
    scope = _scope(month, cycle)
    codes = _codes(accounts, journal_file)
    for path in (csv, html, journal_file):
        if path is not None and not path.parent.is_dir():
            raise typer.BadParameter(f"there is no folder {path.parent}")
    report, lacking = _known(scope, shop) if offline else _refreshed(scope, shop)
    for sentence in lacking:
        typer.echo(sentence, err=True)
    if csv is not None:
        with csv.open("w", encoding="utf-8", newline="") as file:
            write_csv(report, file)
    if html is not None:
        html.write_text(render_page(report, lacking=lacking), encoding="utf-8")
    if journal_file is not None:
        with journal_file.open("w", encoding="utf-8", newline="") as file:
            write_journal(journal(report, codes), file)
    if as_json:
        print_json(refund_rows(report))
    else:
        _tell(report)
    if not report.refunds:
        raise typer.Exit(1)


def _scope(month: str | None, cycle: str | None) -> Scope:
    if (month is None) == (cycle is None):
        raise typer.BadParameter("give either --month or --cycle")
    if cycle is not None:
        return InCycle(cycle)
    try:
        return Month.named(month or "")
    except ValueError:
        raise typer.BadParameter("a month is written 2026-11", param_hint="--month") from None


def _codes(accounts: Path | None, journal_file: Path | None) -> dict[str, str]:
    if accounts is None:
        return dict(DEFAULT_ACCOUNTS)
    if journal_file is None:
        raise typer.BadParameter("--accounts goes with --journal")
    try:
        return load_accounts(accounts)
    except ValueError as unusable:
        raise typer.BadParameter(str(unusable), param_hint="--accounts") from None


def _known(scope: Scope, shop: str | None) -> tuple[SettlementReport, list[str]]:
    with reading(shop) as tx:
        return reconcile_(tx, scope), [f"{operation}: {refusal}." for operation, refusal in refusals(tx).items()]


def _refreshed(scope: Scope, shop: str | None) -> tuple[SettlementReport, list[str]]:
    with acting(shop) as ports:
        with _progress() as told:
            lacking = refresh_account(ports, progress=told)
        with ports.ledger.read() as tx:
            report = reconcile_(tx, scope)
        with ports.ledger.write() as tx:
            put_into_inbox(tx, report.considered)
    return report, lacking


@contextmanager
def _progress() -> Iterator[Told]:
    """A bar on a terminal, that fills from the first change that is read to this moment."""
    columns = (
        TextColumn("reading the account"),
        BarColumn(),
        TextColumn("{task.fields[reached]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=1.0, reached="")

        def told(began: datetime, reached: datetime, ends: datetime) -> None:
            done = (reached - began) / (ends - began) if ends > began else 1.0
            bar.update(task, completed=done, reached=f"{reached:%Y-%m-%d}")

        yield told


def _tell(report: SettlementReport) -> None:
    if not report.refunds:
        typer.echo(f"No refund in {report.scope.name}.")
        return
    print_table(refund_rows(report), COLUMNS)
    typer.echo("")
    for total in totals(report.refunds):
        refunded, settled = (written(amount, total.currency) for amount in (total.refunded, total.settled))
        typer.echo(f"{total.count:6} {total.verdict:24} {refunded:>14} {total.currency}, settled {settled}")
    for accrual in accruals(report):
        refunded, back = (written(amount, accrual.currency) for amount in (accrual.refunded, accrual.commission))
        typer.echo(
            f"To accrue at the end of {report.scope.name}: {refunded} {accrual.currency} refunded in no billing cycle,"
            f" {back} commission to come back."
        )
    for payout in report.payouts:
        if payout.unexplained:
            typer.echo(
                f"Payout of cycle {payout.cycle.id}: {written(payout.unexplained, payout.currency)} {payout.currency}"
                " that no line explains."
            )
