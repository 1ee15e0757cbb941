"""What a command prints: JSON for programs, tables and sentences for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table
from rich.text import Text

from integration.errors import Held
from integration.money import fits, round_money, workable

Row = Mapping[str, Any]
"""Column to value, in the order in which it is shown: strings, whole numbers, yes or no, UUIDs and aware times."""

PIPED_WIDTH = 200
"""Columns where there is no terminal to ask: wide enough that ids stay on one line."""


def show_rows(
    rows: Sequence[Row], *, columns: Sequence[str], as_json: bool, selected: bool, empty: str, next_step: str
) -> None:
    """All rows: each with every key as JSON, with the named columns as a table.

    :param selected: rows were asked for by what they are, so that to have none is an answer of its own (exit 1).
    :param empty: the sentence for people where there is no row.
    :param next_step: the sentence under the table.
    """
    if as_json:
        print_json(rows)
    elif rows:
        print_table(rows, columns)
        typer.echo(next_step)
    else:
        typer.echo(empty)
    if selected and not rows:
        raise typer.Exit(1)


def print_json(document: Any) -> None:
    """Money as strings and times as ISO 8601 in UTC with a Z."""
    typer.echo(json.dumps(document, indent=2, default=_plain))


def print_table(rows: Iterable[Row], columns: Sequence[str]) -> None:
    """A table of the named columns; long cells are folded, never cut, so that ids can be copied."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(row[column])) for column in columns))
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    Console(file=sys.stdout, width=width, highlight=False).print(table)


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Show on a terminal's error output how many of `total` were looked at; call what it yields with the number."""
    bar = Progress(
        *Progress.get_default_columns(), MofNCompleteColumn(), console=Console(stderr=True), transient=True,
        disable=not sys.stderr.isatty(),
    )  # fmt: skip
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda number: bar.update(task, completed=number)


def shown(value: Any) -> str:
    """A value as a person reads it; nothing for what is not there."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    return value if isinstance(value, str) else _plain(value)


def money(amount: Decimal | None, currency: str | None) -> str | None:
    """An amount with its currency's own decimals, however many the database keeps."""
    if amount is None or not workable(amount):  # written out, an absurd exponent would fill the memory
        return None if amount is None else str(amount)
    if currency is None:
        return f"{amount:f}"
    try:
        return str(round_money(amount, currency)) if fits(amount, currency) else f"{amount.normalize():f}"
    except Held:  # a currency that nobody knows; the figure is shown all the same
        return f"{amount:f}"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, (UUID, Decimal, int)):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no plain form")
