"""What a measurement says: figures, each beside what it is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured number.

    :param beside: what it is compared with, in the same unit; None where there is nothing.
    :param than: what that is: a target, or another way to do the same.
    """

    what: str
    value: float
    unit: str
    beside: float | None = None
    than: str = ""


def show(console: Console, line: str, figures: Iterable[Figure]) -> None:
    """A table of one measurement; the ratio is the figure in parts of what stands beside it."""
    table = Table(title=line, title_justify="left", box=None, pad_edge=False, min_width=100)
    table.add_column("figure", ratio=1)
    for name in ("measured", "beside", "ratio"):
        table.add_column(name, justify="right")
    table.add_column("which is")
    for figure in figures:
        beside = ratio = ""
        if figure.beside is not None:
            beside, ratio = _number(figure.beside, figure.unit), f"{figure.value / figure.beside:.2f}"
        table.add_row(figure.what, _number(figure.value, figure.unit), beside, ratio, figure.than)
    console.print(table)
    console.print()


def _number(value: float, unit: str) -> str:
    return f"{value:,.{0 if abs(value) >= 100 else 2}f} {unit}"
