"""A replay touches the one case it names, and a finished case not at all."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from integration.ledger.store import Ledger
from integration.ledger.tables import Intent, JournalEntry, ReturnLineRow, ReturnRow, ReviewRow
from integration.sandbox import SandboxClient
from integration.settings import Settings
from mappings import FOLDER
from tests.inline_fleet import InlineFleet
from tests.unit.cli import cases, stories
from tests.unit.cli.conftest import Backhaul

UNMAPPED = "unmapped_return_reason"
Row = dict[str, Any]


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped mapping files, to be edited."""
    folder = Path(shutil.copytree(FOLDER, tmp_path / "tables", ignore=shutil.ignore_patterns("*.py", "__pycache__")))
    monkeypatch.setenv("MAPPINGS_DIR", str(folder))
    return folder


def unmap(tables: Path, reason: str) -> None:
    reasons = tables / "return_reasons.csv"
    lines = reasons.read_text().splitlines(keepends=True)
    reasons.write_text("".join(line for line in lines if not line.startswith(f"{reason},")))


def everything(ledger: Ledger, return_id: str | None = None) -> dict[str, list[Row]]:
    """Every row that a replay of a return may touch, or those of one return."""
    subjects = {ReturnRow: "return_id", ReturnLineRow: "return_id", Intent: "subject", ReviewRow: "subject"}
    with ledger.read() as tx:
        found = {
            table.__tablename__: [
                {column.name: getattr(row, column.name) for column in table.__table__.columns}
                for row in tx.session.scalars(select(table))
                if return_id is None or getattr(row, column_name) == return_id
            ]
            for table, column_name in subjects.items()
        }
        if return_id is None:
            found["journal"] = [{"id": entry.id} for entry in tx.session.scalars(select(JournalEntry))]
    return found


def a_held_return(ledger: Ledger, return_id: str) -> None:
    cases.a_return(ledger, return_id, held_reason=UNMAPPED)
    with ledger.write() as tx:
        cases.hold(tx, "map_return", return_id, UNMAPPED)


def test_a_replay_touches_the_one_case_it_names(backhaul: Backhaul, ledger: Ledger) -> None:
    for return_id in ("R-1", "R-2"):
        a_held_return(ledger, return_id)
    before = everything(ledger, "R-2"), everything(ledger, "R-1")
    assert backhaul("replay", "return", "R-1", "--apply").exit_code == 0
    assert everything(ledger, "R-2") == before[0]
    assert everything(ledger, "R-1") != before[1]


def test_a_plan_changes_nothing(backhaul: Backhaul, ledger: Ledger) -> None:
    a_held_return(ledger, "R-1")
    before = everything(ledger)
    assert backhaul("replay", "return", "--reason", UNMAPPED).exit_code == 0
    assert everything(ledger) == before


def test_a_second_replay_finds_it_replayed_and_changes_nothing(backhaul: Backhaul, ledger: Ledger) -> None:
    a_held_return(ledger, "R-1")
    assert backhaul("replay", "return", "R-1", "--apply").exit_code == 0
    after = everything(ledger)
    again = backhaul("replay", "return", "R-1", "--apply")
    assert (again.exit_code, "nothing of it is held: nothing changes" in again.stderr) == (1, True)
    assert everything(ledger) == after


def test_a_replay_of_a_finished_case_changes_nothing_and_says_so(
    backhaul: Backhaul, ledger: Ledger, tables: Path, sandbox: SandboxClient
) -> None:
    unmap(tables, "RETURN_CHANGED_MIND")
    fleet = InlineFleet(Settings.load())
    return_id = stories.an_open_return(fleet, sandbox)
    shutil.copy(FOLDER / "return_reasons.csv", tables)
    assert backhaul("replay", "return", return_id, "--apply").exit_code == 0
    fleet.until(lambda: stories.in_reveni(fleet, return_id))
    sandbox.judge(return_id, stories.LINE, accepted=1)
    fleet.until(lambda: getattr(stories.return_of(fleet, return_id), "state", None) == "closed")
    fleet.close()
    after, sent = everything(ledger), sandbox.books()["calls"]
    again = backhaul("replay", "return", return_id, "--apply")
    assert (again.exit_code, f"Return {return_id} is closed" in again.stderr) == (1, True)
    assert (everything(ledger), sandbox.books()["calls"]) == (after, sent)


def test_of_all_that_are_held_for_a_reason_those_that_are_mapped_now_go_on(
    backhaul: Backhaul, ledger: Ledger, tables: Path
) -> None:
    a_held_return(ledger, "R-1")
    a_held_return(ledger, "R-2")
    with ledger.write() as tx:
        for line in tx.session.query(ReturnLineRow).filter_by(return_id="R-2"):
            line.reason_code = "RETURN_HAUNTED"
    before = everything(ledger, "R-2")
    result = backhaul("replay", "return", "--reason", UNMAPPED, "--apply")
    assert result.exit_code == 0
    assert "still has no row for RETURN_HAUNTED" in result.stderr
    assert everything(ledger, "R-2") == before
    assert cases.state_of(ledger, "map_return", "R-1")[0] == "decided"
