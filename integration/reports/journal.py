"""The refunds of a scope as journal entries, each booked twice: when it is made, and when a billing cycle settles it.

    made       product, shipping, fee, taxes   against   accrued
    given back accrued                          against   commission, operator
    settled    accrued                          against   clearing, in the cycle's own month

So the balance of `accrued` is what is refunded and in no cycle yet, at any date.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TextIO

from integration.domain.amounts import written
from integration.domain.reconciliation import ZERO, Reconciled
from integration.domain.settlement import TO_CUSTOMER, AccountLine, Bucket
from integration.domain.settlement_report import SettlementReport
from integration.domain.settlement_scope import Month
from integration.reports.cells import as_text

COLUMNS = ("date", "account", "debit", "credit", "currency", "reference")


@dataclass(frozen=True)
class Entry:
    """One side of a booking; the other side has the same date, currency and reference. Dates are in UTC."""

    date: date
    account: str
    debit: Decimal
    credit: Decimal
    currency: str
    reference: str


def journal(report: SettlementReport, accounts: Mapping[str, str]) -> list[Entry]:
    """The entries of a month; of a cycle, only those that settle, since its refunds were booked when they were made.

    :param accounts: codes by name, as `DEFAULT_ACCOUNTS` has them.
    """
    entries: list[Entry] = []
    if isinstance(report.scope, Month):
        for refund in report.refunds:
            entries += _made(refund, accounts)
    for refund in report.considered:
        entries += _settled(refund, [line for line in refund.lines if report.scope.settles(line)], accounts)
    return sorted(entries, key=lambda entry: (entry.date, entry.reference))


def write_journal(entries: list[Entry], file: TextIO) -> None:
    """The entries as CSV, under `COLUMNS`; the side that is not booked is empty."""
    sheet = csv.writer(file, lineterminator="\n")
    sheet.writerow(COLUMNS)
    for entry in entries:
        debit, credit = (written(side, entry.currency) if side else "" for side in (entry.debit, entry.credit))
        row = (entry.date.isoformat(), entry.account, debit, credit, entry.currency, entry.reference)
        sheet.writerow([as_text(cell) for cell in row])


def _made(refund: Reconciled, accounts: Mapping[str, str]) -> Iterator[Entry]:
    if refund.verdict == "ours_but_not_on_mirakl":
        return
    reference = f"refund {refund.refund.mirakl_refund_id}"
    for (account, currency), gain in _gains(refund).items():
        yield from _pair(refund.made_at.date(), accounts[account], accounts["accrued"], gain, currency, reference)


def _gains(refund: Reconciled) -> dict[tuple[str, str], Decimal]:
    """What the seller gains, by account and currency, mostly below zero: as booked, else as expected."""
    gains: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in refund.lines:
        gains[_account(line), line.currency] += line.amount
    if not refund.lines:
        currency = refund.refund.currency
        expected = {figure.bucket: figure.expected or ZERO for figure in refund.figures}
        for bucket, amount in (expected or {"product": refund.refunded}).items():
            gains[bucket, currency] += _sign(bucket) * amount
    return gains


def _account(line: AccountLine) -> str:
    bucket, is_tax = line.kind
    if is_tax and bucket in TO_CUSTOMER:
        return "refund_taxes"
    return "commission_taxes" if is_tax and bucket == "commission" else bucket


def _sign(bucket: Bucket) -> int:
    return -1 if bucket in TO_CUSTOMER else 1


def _settled(refund: Reconciled, lines: list[AccountLine], accounts: Mapping[str, str]) -> Iterator[Entry]:
    gains: dict[tuple[str, str, date], Decimal] = defaultdict(Decimal)
    for line in lines:
        gains[line.cycle_id or "", line.currency, (line.billed_at or line.created).date()] += line.amount
    for (cycle_id, currency, day), gain in sorted(gains.items()):
        reference = f"refund {refund.refund.mirakl_refund_id} in cycle {cycle_id}"
        yield from _pair(day, accounts["accrued"], accounts["clearing"], gain, currency, reference)


def _pair(day: date, account: str, contra: str, gain: Decimal, currency: str, reference: str) -> tuple[Entry, ...]:
    """A loss debits the account and credits its contra account, a gain the other way round."""
    if not gain:
        return ()
    debited, credited = (account, contra) if gain < 0 else (contra, account)
    return (
        Entry(day, debited, abs(gain), ZERO, currency, reference),
        Entry(day, credited, ZERO, abs(gain), currency, reference),
    )
