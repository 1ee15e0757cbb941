"""docs/pace.md says what the code says, and names a test for each figure."""

from __future__ import annotations

import importlib
import re
from dataclasses import asdict, is_dataclass
from math import inf
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MODULES = (
    "integration.answers",
    "integration.domain.pace",
    "integration.ledger.ceilings",
    "integration.ledger.standings",
    "integration.outages",
    "integration.usecases.judge_fleet",
    "integration.usecases.polling",
    "integration.usecases.watch_silence",
    "tasks.schedule",
)
"""Of which every figure is in the table."""

NO_TIMES = (
    "integration.answers.LONGEST_MESSAGE",
    "integration.answers.LONGEST_NUMBER",
    "integration.answers.MEBIBYTE",
    "integration.ledger.standings.QUIET",
)


def test_every_figure_of_time_is_told_with_its_value_and_a_test() -> None:
    """P2: one table of periods, intervals and limits; a figure that is changed in one place alone is noticed."""
    rows = [line.strip("| ").split(" | ") for line in (ROOT / "docs" / "pace.md").read_text().splitlines()]
    told = {row[2].strip("`"): (float(row[1]), row[3].strip("`")) for row in rows if len(row) == 4 and "`" in row[2]}
    figures = {
        name: value for module in MODULES for name, value in _figures(module).items() if not name.startswith(NO_TIMES)
    }
    assert {name: value for name, (value, _) in told.items()} == figures
    for name, (_, test) in told.items():
        assert (ROOT / test).exists(), name


def _figures(module: str) -> dict[str, float]:
    found: dict[str, float] = {}
    text = Path(str(importlib.import_module(module).__file__)).read_text()
    for name in re.findall(r"^((?:[A-Z][A-Z_]+(?:, )?)+)(?:: Final)? = ", text, re.MULTILINE):
        for one in name.split(", "):
            found |= _of(f"{module}.{one}", getattr(importlib.import_module(module), one))
    return found


def _of(name: str, value: Any) -> dict[str, float]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {name: float(value)} if value != inf else {}
    if isinstance(value, dict):
        return {path: one for key, part in value.items() for path, one in _of(f"{name}[{key}]", part).items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {path: one for key, part in asdict(value).items() for path, one in _of(f"{name}.{key}", part).items()}
    return {}
