"""The README says what the code says: each of its tables, its commands and its links."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from pydantic_core import PydanticUndefined
from typer.testing import CliRunner

import integration
from integration.cli import orders, refunds, returns, stock
from integration.cli.main import app
from integration.domain.reconciliation import EXCEPTIONS, VERDICTS
from integration.settings import Settings
from mappings import FOLDER
from tasks.policy import POLICIES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PRODUCT = [
    path
    for room in ("integration", "tasks", "mappings")
    for path in sorted((ROOT / room).rglob("*.py"))
    if "sandbox" not in path.parts
]
# Made of a word and the order's state on Mirakl.
COMPOSED = {"order_refused", "order_canceled"}


def test_the_table_of_queues_is_the_policy_table() -> None:
    told = [row[:4] for row in _table("Queues")]
    assert told == [
        [
            f"`{policy.queue}`",
            policy.pool,
            str(policy.concurrency),
            f"{policy.retry.first:.0f} s … {policy.retry.longest:.0f} s",
        ]
        for policy in POLICIES.values()
    ]


def test_every_setting_is_told_and_nothing_else() -> None:
    assert _words(_table("Settings")) == {name.upper() for name in Settings.model_fields}


def test_a_setting_is_called_required_where_it_has_no_default() -> None:
    told = {_in_ticks(row[0])[0] for row in _table("Settings") if row[1] == "required"}
    assert told == {name.upper() for name, field in Settings.model_fields.items() if field.is_required()}


def test_a_default_that_is_a_plain_value_is_told_as_it_is() -> None:
    for variable, default, _ in _table("Settings"):
        field = Settings.model_fields[_in_ticks(variable)[0].lower()]
        if field.default is not PydanticUndefined and re.fullmatch(r"`[\w.:/]+`", default):
            told, actual = default.strip("`"), str(field.default)
            assert told in {actual, f"./{actual}"} or float(told) == float(actual), variable


def test_every_column_of_a_mapping_file_is_told() -> None:
    # The words that a column may hold stand in brackets behind it.
    told = {_in_ticks(row[0])[0]: set(_in_ticks(re.sub(r"\(.*?\)", "", row[1]))) for row in _table("Mappings")}
    columns = {file.name: set(file.read_text().splitlines()[0].split(",")) for file in FOLDER.glob("*.csv")}
    assert told == columns


def test_every_command_is_told_and_nothing_else() -> None:
    assert _words(_table("Commands")) == {f"backhaul {words}" for words in _commands(typer.main.get_command(app))}


def test_a_command_of_the_table_explains_itself_with_an_example() -> None:
    for words in _words(_table("Commands")):
        result = CliRunner().invoke(app, [*words.split()[1:], "--help"])
        assert result.exit_code == 0, words
        assert "Example: " in result.stdout, words


def test_every_command_line_that_is_shown_exists_with_its_options() -> None:
    commands = set(_commands(typer.main.get_command(app)))
    shown = re.findall(r"backhaul ((?:[a-z]+ ?)+)([^`\n]*)", "\n".join(_code()))
    assert shown
    for words, rest in shown:
        command = next(
            (" ".join(words.split()[:n]) for n in (2, 1) if " ".join(words.split()[:n]) in commands),
            None,
        )
        assert command is not None, words
        help_text = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"}).stdout
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in help_text, f"{command} {option}"


def test_every_reason_a_case_is_held_or_waits_for_is_told() -> None:
    held, waits = _reasons("Held") | set(EXCEPTIONS), _reasons("Waits", "WaitsFor")
    told = _words(_table("Held reasons"))
    assert held <= told
    source = "".join(path.read_text() for path in PRODUCT)
    (by_themselves,) = re.findall(r"^These wait by themselves.*$", README, re.MULTILINE)
    told_to_wait = set(re.findall(r"`([a-z_]+)`", by_themselves))
    assert waits <= told_to_wait
    assert {reason for reason in told_to_wait if f'"{reason}"' not in source} == set()
    assert {reason for reason in told - COMPOSED - {"*_rejected"} if f'"{reason}"' not in source} == set()


def test_every_state_is_told_and_nothing_else() -> None:
    """M3: README's states, and those that a list of the CLI can be asked for."""
    told = [set(_in_ticks(row[1])) for row in _table("States")]
    assert told == [set(get_args(listed.State)) for listed in (orders, returns, refunds, stock)]


def test_every_address_of_the_web_process_is_told_and_nothing_else() -> None:
    """M3: README's table Web, and the handlers of the application."""
    source = (ROOT / "integration" / "web" / "app.py").read_text()
    assert {word.partition(" ")[2] for word in _words(_table("Web"))} == set(re.findall(r'\("(/[\w/]+)"', source))


def test_the_map_of_the_code_has_every_room() -> None:
    """M3: the rooms of `integration`, and its docstring."""
    rooms = {path.stem for path in (ROOT / "integration").iterdir() if path.suffix == ".py" or path.is_dir()}
    names = set(re.findall(r"\b[a-z_]+\b", integration.__doc__ or ""))
    assert {room for room in rooms if not room.startswith("_")} <= names


def test_every_verdict_of_a_reconciliation_is_told() -> None:
    assert _words(_table("Finance")) == set(VERDICTS)


def test_every_metric_is_told_and_nothing_else() -> None:
    source = (ROOT / "integration" / "web" / "metrics.py").read_text()
    assert _words(_table("Metrics")) == set(re.findall(r'"(backhaul_\w+)"', source))


def test_every_alert_is_told_and_nothing_else() -> None:
    source = "".join(path.read_text() for path in PRODUCT)
    assert _words(_table("Alerts")) == set(re.findall(r'"alert": "(\w+)"', source))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        path, _, heading = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.+)$", there.read_text(), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}, target


def _table(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, without its head."""
    _, _, section = README.partition(f"\n### {heading}\n")
    lines = re.split(r"\n#{2,3} ", section)[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return rows[2:]


def _words(rows: list[list[str]]) -> set[str]:
    """What stands in ticks in the first column."""
    return {word for row in rows for word in _in_ticks(row[0])}


def _in_ticks(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _code() -> list[str]:
    return [*re.findall(r"`(backhaul [^`]+)`", README), *re.findall(r"\$ (backhaul .+)", README)]


def _commands(command: Any, *before: str) -> Iterator[str]:
    if not hasattr(command, "commands"):
        yield " ".join(before)
        return
    for name, part in command.commands.items():
        yield from _commands(part, *before, name)


def _reasons(*errors: str) -> set[str]:
    """The first argument of each place that raises one of them; `*_rejected` where it is put together."""
    calls = (node for path in PRODUCT for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    reasons = set()
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id in errors and call.args:
            match call.args[0]:
                case ast.Constant(value=str(reason)):
                    reasons.add(reason)
                case ast.JoinedStr(values=[*_, ast.Constant(value=str(end))]):
                    reasons.add(f"*{end}")
    return reasons


HELD_REASONS = _words(_table("Held reasons"))
"""As README's table names them."""
