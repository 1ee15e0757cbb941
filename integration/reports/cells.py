"""Cells of a CSV that are text to every program: what a spreadsheet would run as a formula is not."""

from __future__ import annotations

import re

RUN = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that Excel, LibreOffice and Google Sheets take for a formula, or skip before one."""

FIGURE = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def as_text(cell: str) -> str:
    """The cell on one line, with an apostrophe before it where a spreadsheet would run it; a figure stays a figure."""
    text = f"'{cell}" if cell.startswith(RUN) and not FIGURE.fullmatch(cell) else cell
    return text.replace("\r", " ").replace("\n", " ")
