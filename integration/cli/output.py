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
from integration.ledger.lists import Listed
from integration.money import decimals, fits, round_money, workable

Row = Mapping[str, Any]
"""Column to value, in the order in which it is shown: strings, whole numbers, yes or no, UUIDs and aware times."""

SHOWN = 50
"""Rows of a list that people are shown where they do not say how many: a table is drawn whole, and read so far."""

PIPED_WIDTH = 200
"""Columns where there is no terminal to ask: wide enough that ids stay on one line."""


def show_rows(rows: Sequence[Row], *, columns: Sequence[str], as_json: bool, empty: str, next_step: str) -> None:
    """A handful of rows, all of them: each with every key as JSON, with the named columns as a table.

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


def show_list(
    listed: Listed,
    shape: Callable[[Any], Row],
    *,
    columns: Sequence[str],
    as_json: bool,
    limit: int | None,
    selected: bool,
    empty: str,
    next_step: str,
    newest: bool = True,
) -> None:
    """A list as JSON, all of its rows with every key, or as a table of the named columns, `SHOWN` rows of it.

    :param limit: so many rows from its beginning, in either form.
    :param selected: rows were asked for by what they are, so that to have none is an answer of its own (exit 1).
    :param empty: the sentence for people where there is no row.
    :param next_step: the sentence under the table.
    :param newest: people look at its end, where nothing else was asked for.
    """
    if as_json:
        found = print_rows(shape(row) for row in listed.first(limit))
    else:
        part = listed.last(SHOWN) if limit is None and newest else listed.first(limit or SHOWN)
        rows = [shape(row) for row in part]
        found = len(rows)
        if rows:
            print_table(rows, columns)
            if limit is None and found == SHOWN and (count := listed.count()) > SHOWN:
                typer.echo(
                    f"The {'newest' if newest else 'first'} {SHOWN} of {count:,}: --limit N shows N from the first "
                    "on, and --json all of them."
                )
            typer.echo(next_step)
        else:
            typer.echo(empty)
    if selected and not found:
        raise typer.Exit(1)


def print_json(document: Any) -> None:
    """Money as strings and times as ISO 8601 in UTC with a Z."""
    typer.echo(json.dumps(document, indent=2, default=_plain))


def print_rows(rows: Iterable[Row]) -> int:
    """An array with a row on each line, written as the rows come; how many there were."""
    write, encode = sys.stdout.write, json.JSONEncoder(default=_plain).encode
    found = 0
    for row in rows:
        write(f"{',' if found else '['}\n{encode(row)}")
        found += 1
    write("\n]\n" if found else "[]\n")
    return found


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
        if amount.as_tuple().exponent == -decimals(currency):
            return f"{amount:f}"
        return str(round_money(amount, currency)) if fits(amount, currency) else f"{amount.normalize():f}"
    except Held:  # a currency that nobody knows; the figure is shown all the same
        return f"{amount:f}"


def _plain(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        if value.tzinfo is UTC:
            return value.isoformat(timespec="milliseconds")[:-6] + "Z"
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, (Decimal, int)):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no plain form")
