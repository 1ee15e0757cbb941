"""`recover`, and every other command that says that the ledger is in recovery."""

from __future__ import annotations

import json
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integration.domain.high_water import Mark
from integration.high_water import HighWaterMark, MarkFile
from integration.ledger.engine import make_engine
from integration.ledger.standing import begin, enter_recovery, returns_were_read, standing, verdicts_were_read
from integration.ledger.store import Ledger
from integration.sandbox import SandboxClient
from integration.usecases.keep_mark import compare_with_mark
from tests.unit.cli import cases
from tests.unit.cli.conftest import Backhaul
from tests.unit.web.running import RunningWeb


@pytest.fixture
def in_recovery(ledger: Ledger) -> Ledger:
    """A backup was restored; everything is read since."""
    with ledger.write() as tx:
        enter_recovery(tx, begin(tx), reason="older_ledger", detail="The ledger is older.", mark=None)
    return ledger


def read_all(ledger: Ledger) -> None:
    with ledger.write() as tx:
        returns_were_read(tx, started=tx.now)
        verdicts_were_read(tx, started=tx.now)


def test_every_surface_says_that_the_ledger_is_in_recovery(backhaul: Backhaul, in_recovery: Ledger) -> None:
    """M2: status, check and the inbox name the reason and the next step; programs find the same keys each time."""
    told = json.loads(backhaul("status", "--json").stdout)
    facts = told["recovery"]
    assert any("IN RECOVERY: The ledger is older." in reason for reason in told["reasons"])
    assert set(facts) == {"reason", "detail", "since", "gap_from", "next_step"}
    assert (facts["reason"], facts["next_step"]) == ("older_ledger", "backhaul recover")
    for command in (("status",), ("review", "list")):
        assert "IN RECOVERY: The ledger is older." in backhaul(*command).stdout
    assert json.loads(backhaul("review", "list", "--json").stdout) == []
    (check,) = [one for one in json.loads(backhaul("check", "--json").stdout) if one["name"] == "recovery"]
    assert (check["ok"], "backhaul recover" in check["next_step"]) == (False, True)


def test_a_web_process_is_ready_in_recovery_and_says_so(in_recovery: Ledger) -> None:
    """M2: whoever restarts a fleet that is not ready must not restart one that waits for a person."""
    with RunningWeb(in_recovery) as web:
        web.get("/readyz")
        assert web.get("/readyz").json()["recovery"] == "The ledger is older."
        assert "backhaul_recovery 1.0" in web.figures()


def test_check_finds_an_older_ledger_before_the_fleet_is_started(backhaul: Backhaul, ledger: Ledger) -> None:
    """M1: `check` was green on a restored ledger; it compares the mark, and changes nothing."""
    with ledger.write() as tx:
        ours = begin(tx)
        left = Mark(ledger_id=ours.ledger_id, sends=7, last_send=uuid.uuid4(), at=datetime.now(UTC))
    MarkFile(Path(os.environ["BACKHAUL_DATA_DIR"]), "default").raise_to(left)
    (check,) = [one for one in json.loads(backhaul("check", "--json").stdout) if one["name"] == "recovery"]
    assert not check["ok"]
    assert "knows of 0 calls" in check["detail"]
    with ledger.read() as tx:
        row = standing(tx)
    assert row is not None
    assert row.reason == "first_look"


def test_a_plan_is_shown_and_refused_until_all_is_read_then_carried_out(
    backhaul: Backhaul, sandbox: SandboxClient, in_recovery: Ledger
) -> None:
    """M2: the person's name stands in the journal; a second time there is nothing to recover."""
    movement = cases.a_movement(in_recovery, state="pending", reason=None)
    too_early = backhaul("recover", "--apply")
    assert (too_early.exit_code, "RT11" in too_early.output, "W2" in too_early.output) == (1, True, True)
    read_all(in_recovery)
    shown = backhaul("recover")
    assert (shown.exit_code, "Nothing was changed yet" in shown.output, str(movement) in shown.output) == (
        0,
        True,
        True,
    )
    plan = json.loads(backhaul("recover", "--json").stdout)
    assert set(plan) == {
        "shop", "since", "reason", "detail", "gap_from", "ready", "missing", "units", "refunds", "returns", "movements",
        "applied",
    }  # fmt: skip
    done = json.loads(backhaul("recover", "--apply", "--json").stdout)
    assert done == {**plan, "applied": True}
    assert [(one["subject"], one["becomes"]) for one in done["movements"]] == [(str(movement), "held")]
    again = backhaul("recover", "--apply")
    assert (again.exit_code, "not in recovery" in again.output) == (1, True)
    with in_recovery.read() as tx:
        row = standing(tx)
        assert row is not None
        assert (row.mode, row.epoch) == ("normal", 1)
    engine = make_engine(os.environ["DATABASE_URL"])
    with engine.connect() as connection:
        told = connection.exec_driver_sql("SELECT who, reason FROM journal ORDER BY id").all()
    engine.dispose()
    assert told[-1] == ("cli:ada", "recovered")


def test_a_ledger_of_an_older_version_that_has_sent_is_at_work_and_leaves_its_mark(ledger: Ledger) -> None:
    """M2: an upgrade is no recovery."""
    cases.a_refund(ledger, state="confirmed", sends=2)
    marks = MarkFile(Path(os.environ["BACKHAUL_DATA_DIR"]), "default")
    assert compare_with_mark(ledger, HighWaterMark([marks])).mode == "normal"
    kept = marks.read()
    assert kept is not None
    assert kept.sends == 2
