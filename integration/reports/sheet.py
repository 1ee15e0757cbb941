"""The reconciliation as rows: one for each refund (`--json`), one for each part of a refund (`--csv`).

The columns and their meaning are in docs/reconciliation.md. The same data gives the same bytes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, TextIO

from integration.domain.amounts import written
from integration.domain.reconciliation import Figure, Reconciled
from integration.domain.settlement import TO_CUSTOMER
from integration.domain.settlement_report import SettlementReport
from integration.reports.cells import as_text

COLUMNS = (
    "refund_id", "mirakl_refund_id", "return_id", "order_id", "order_line_id", "sku", "reason_code", "quantity",
    "made_at", "verdict", "currency", "part", "refunded", "expected", "booked", "tax", "settled", "cycle_id",
    "payout_reference", "evidence_id", "transactions",
)  # fmt: skip


def refund_rows(report: SettlementReport) -> list[dict[str, Any]]:
    """One row for each refund of the scope, as `reconcile --json` gives it; amounts are strings."""
    return [
        {
            "refund_id": refund.refund.refund_id,
            "mirakl_refund_id": refund.refund.mirakl_refund_id,
            "order_id": refund.refund.order_id,
            "order_line_id": refund.refund.order_line_id,
            "verdict": refund.verdict,
            "currency": refund.refund.currency,
            "refunded": written(refund.refunded, refund.refund.currency),
            "settled": written(refund.settled, refund.refund.currency),
            "cycle_id": refund.cycle_ids[-1] if refund.cycle_ids else None,
            "payout_reference": report.payout_reference(refund),
        }
        for refund in report.refunds
    ]


def write_csv(report: SettlementReport, file: TextIO) -> None:
    """One row for each part of each refund, under `COLUMNS`."""
    sheet = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    sheet.writeheader()
    for refund in report.refunds:
        for row in part_rows(report, refund):
            sheet.writerow({column: as_text(cell) for column, cell in row.items()})


def part_rows(report: SettlementReport, refund: Reconciled) -> Iterator[dict[str, str]]:
    """The rows of one refund: its product always, and every other part that came to something."""
    told = [figure for figure in refund.figures if figure.bucket == "product" or figure.expected or figure.lines]
    common = _common(refund)
    if not told:
        yield {**common, "part": "product", "refunded": written(refund.refunded, refund.refund.currency)}
    for figure in told:
        yield {**common, **_part(report, refund, figure)}


def _common(refund: Reconciled) -> dict[str, str]:
    known = refund.refund
    lines = refund.lines
    return {
        "refund_id": known.refund_id or "",
        "mirakl_refund_id": known.mirakl_refund_id or "",
        "return_id": known.return_id or "",
        "order_id": known.order_id,
        "order_line_id": known.order_line_id,
        "sku": known.sku or "",
        "reason_code": known.reason_code or "",
        "quantity": "" if known.quantity is None else str(known.quantity),
        "made_at": refund.made_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "verdict": refund.verdict,
        "currency": known.currency,
        "evidence_id": known.refund_id or (lines[0].id if lines else ""),
    }


def _part(report: SettlementReport, refund: Reconciled, figure: Figure) -> dict[str, str]:
    currency = refund.refund.currency
    cycle_ids = sorted({line.cycle_id for line in figure.lines if line.cycle_id})
    references = [report.references[cycle_id] for cycle_id in cycle_ids if cycle_id in report.references]
    refunded = figure.booked if figure.expected is None else figure.expected
    return {
        "part": figure.bucket,
        "refunded": written(refunded, currency) if figure.bucket in TO_CUSTOMER else "",
        "expected": "" if figure.expected is None else written(figure.expected, currency),
        "booked": written(figure.booked, currency),
        "tax": written(figure.tax, currency),
        "settled": written(figure.settled, currency),
        "cycle_id": " ".join(cycle_ids),
        "payout_reference": " ".join(references),
        "transactions": " ".join(line.id for line in figure.lines),
    }
