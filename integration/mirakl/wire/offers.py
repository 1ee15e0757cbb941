"""Offers (OF21) and stock imports (STO01–STO03)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from integration.wire import Listed, Many, Wire


class Offer(Wire):
    """An offer. `quantity` is what can be bought now: Mirakl takes ordered units off it."""

    sku: str = Field(validation_alias="shop_sku")
    quantity: int | None = None
    active: bool | None = None
    inactivity_reasons: Many[str] = ()
    product_sku: str | None = None


class OffersPage(Wire):
    """That a SKU has no offer is concluded from it, so `offers` must be there."""

    offers: Listed[dict[str, Any]]


class StockLine(Wire):
    """One line of an import. `quantity` is absolute; without a warehouse it is the offer's whole stock."""

    sku: str
    quantity: int
    warehouse_code: str = ""


class ImportAccepted(Wire):
    import_id: str


class StockImport(Wire):
    """How far an import is (STO02). COMPLETE may hold lines in error."""

    import_id: str
    status: str | None = None
    lines_in_error: int | None = None
    lines_in_success: int | None = None
    has_error_report: bool | None = None


class StockLineError(Wire):
    """A line that was refused (STO03). `line` counts as Mirakl counts; None where it gives no number."""

    line: int | None
    sku: str | None
    reason: str


def stock_file(lines: Sequence[StockLine]) -> bytes:
    """The CSV that STO01 takes."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["offer-sku", "quantity", "warehouse-code", "update-delete"])
    writer.writerows([line.sku, line.quantity, line.warehouse_code, "update"] for line in lines)
    return text.getvalue().encode()


def read_error_report(text: str) -> list[StockLineError]:
    """Read STO03: line number, reason, then the imported columns.

    The delimiter is the operator's setting (PC01 `operator_csv_delimiter`), and a header is not promised, so
    the delimiter is the one under which most rows begin with a number.
    """
    readings = [list(csv.reader(io.StringIO(text), delimiter=delimiter)) for delimiter in ";,"]
    rows = max(readings, key=lambda rows: sum(bool(row) and row[0].strip().isdecimal() for row in rows))
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    column = 2
    if rows and "offer-sku" in rows[0]:
        column = rows.pop(0).index("offer-sku")
    return [_line_error([cell.strip() for cell in row], column) for row in rows]


def _line_error(row: list[str], sku_column: int) -> StockLineError:
    if len(row) < 2 or not row[0].isdecimal():  # kept whole: a reason that is not understood is still a refusal
        return StockLineError(line=None, sku=None, reason=" ".join(row))
    sku = row[sku_column] if len(row) > sku_column else None
    return StockLineError(line=int(row[0]), sku=sku or None, reason=row[1])
