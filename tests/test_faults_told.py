"""What the pages say of what may go wrong, and the tests that show it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.unit.usecases.seeded_bugs import SEEDED_BUGS

TESTS = Path(__file__).resolve().parent
TABLE = TESTS.parent / "docs" / "crash-matrix.md"
FAULTS = TESTS.parent / "docs" / "faults.md"
NUMBERS = re.compile(r"^((?:[A-Z]\d+(?:, )?)+): ")
"""The rows of faults.md at the beginning of a test's docstring: "M1, M4: …"."""


def test_each_row_names_the_files_whose_tests_show_it() -> None:
    shown: dict[int, set[str]] = {}
    for file, module in _modules():
        for row in _rows_shown(module):
            shown.setdefault(row, set()).add(file)
    assert _named() == shown


def test_each_fault_that_was_found_has_tests_and_each_test_says_its_own() -> None:
    told = set(re.findall(r"^\| ([A-Z]\d+) \|", FAULTS.read_text(), re.MULTILINE))
    assert {number for _, module in _modules() for number in _numbers(module)} == told


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(TESTS.rglob("test_*.py")):
        yield str(file.relative_to(TESTS)), ast.parse(file.read_text())


def _numbers(module: ast.Module) -> Iterator[str]:
    tests = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    for test in tests:
        if begins := NUMBERS.match(ast.get_docstring(test) or ""):
            yield from begins[1].split(", ")


def _named() -> dict[int, set[str]]:
    """What the table says, row by row."""
    rows = (line.strip("| ").split(" | ") for line in TABLE.read_text().splitlines() if re.match(r"\| \d+ \|", line))
    return {int(number): set(re.findall(r"`([^`]+\.py)`", files)) for number, *_, files in rows}


def _rows_shown(module: ast.Module) -> Iterator[int]:
    """Those that a marker names, on a test or on the whole module."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "crash_matrix":
            yield from (ast.literal_eval(row) for row in node.args)


def test_each_seeded_bug_is_told() -> None:
    page = (TABLE.parent / "mutation.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(SEEDED_BUGS)
    assert f"none of\n{len(SEEDED_BUGS)} does" in page
