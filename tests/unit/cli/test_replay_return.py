"""`replay return`: every held step of it goes on, and what became due meanwhile."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from integration.ledger import intents
from integration.ledger.returns import get_return
from integration.ledger.reviews import open_review, reviews
from integration.ledger.store import Ledger
from integration.ledger.tables import Intent, ReturnRow
from integration.sandbox import SandboxClient
from integration.settings import Settings
from mappings import FOLDER
from tests.inline_fleet import InlineFleet
from tests.unit.cli import cases, stories
from tests.unit.cli.conftest import Backhaul


def steps(backhaul: Backhaul, return_id: str = "R-1", *, apply: bool = True) -> list[str]:
    result = backhaul("replay", "return", return_id, "--json", *(["--apply"] if apply else []))
    assert result.exit_code == 0, result.output
    told: list[str] = json.loads(result.stdout)["steps"]
    return told


def refusal(backhaul: Backhaul) -> str:
    result = backhaul("replay", "return", "R-1", "--apply")
    assert result.exit_code == 1
    return result.stderr


def return_row(ledger: Ledger) -> ReturnRow:
    with ledger.read() as tx:
        row = get_return(tx, "R-1")
    assert row is not None
    return row


def hold_step(ledger: Ledger, kind: str, reason: str, *, sends: int = 0) -> None:
    with ledger.write() as tx:
        cases.hold(tx, kind, "R-1", reason, sends=sends)


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The mapping files, without the reason that people change their minds for."""
    folder = tmp_path / "tables"
    folder.mkdir()
    for file in FOLDER.glob("*.csv"):
        shutil.copy(file, folder)
    reasons = folder / "return_reasons.csv"
    lines = reasons.read_text().splitlines(keepends=True)
    reasons.write_text("".join(line for line in lines if not line.startswith("RETURN_CHANGED_MIND,")))
    monkeypatch.setenv("MAPPINGS_DIR", str(folder))
    return folder


def add_the_row(tables: Path) -> None:
    shutil.copy(FOLDER / "return_reasons.csv", tables)


def test_a_return_whose_reason_was_mapped_since_goes_to_reveni(
    backhaul: Backhaul, tables: Path, sandbox: SandboxClient
) -> None:
    fleet = InlineFleet(Settings.load())
    return_id = stories.an_open_return(fleet, sandbox)
    assert stories.held(fleet, return_id)
    still = backhaul("replay", "return", return_id, "--apply")
    assert (still.exit_code, "still has no row for RETURN_CHANGED_MIND" in still.stderr) == (1, True)

    add_the_row(tables)
    plan = steps(backhaul, return_id, apply=False)[-1]
    assert "RETURN_CHANGED_MIND becomes changed_mind in Reveni, restock, refunded with reason 17" in plan
    assert stories.held(fleet, return_id)

    result = backhaul("replay", "return", "--reason", "unmapped_return_reason", "--apply")
    assert result.exit_code == 0, result.output
    fleet.until(lambda: stories.in_reveni(fleet, return_id))
    assert not stories.held(fleet, return_id)
    fleet.close()


def test_every_return_that_is_held_for_a_reason_is_replayed_on_its_own(backhaul: Backhaul, ledger: Ledger) -> None:
    for number in (1, 2):
        cases.a_return(ledger, f"R-{number}", held_reason="unmapped_return_reason")
        with ledger.write() as tx:
            cases.hold(tx, "map_return", f"R-{number}", "unmapped_return_reason")
    cases.a_return(ledger, "R-3", held_reason="unmapped_return_reason", mirakl_state="ON_THE_MOON")
    result = backhaul("replay", "return", "--reason", "unmapped_return_reason", "--apply", "--json")
    outcome = {one["subject"]: bool(one["steps"]) for one in json.loads(result.stdout)}
    assert (result.exit_code, outcome) == (0, {"R-1": True, "R-2": True, "R-3": False})


def test_a_reason_that_nothing_is_held_for_is_nothing(backhaul: Backhaul, ledger: Ledger) -> None:
    result = backhaul("replay", "return", "--reason", "unmapped_return_reason")
    assert (result.exit_code, "backhaul returns list" in result.stderr) == (1, True)
    as_json = backhaul("replay", "return", "--reason", "unmapped_return_reason", "--json")
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (1, [])


def test_a_return_of_which_nothing_is_held_stays_as_it_is(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_return(ledger)
    assert "nothing of it is held" in refusal(backhaul)


def test_a_creation_that_may_have_reached_reveni_is_looked_for_first(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_return(ledger, held_reason="unknown_outcome")
    cases.map_lines(ledger)
    hold_step(ledger, "create_return", "unknown_outcome", sends=2)
    assert steps(backhaul)[0].startswith("look whether an earlier sending had its effect")
    assert cases.state_of(ledger, "create_return", "R-1") == ("unknown", 2)


def test_a_creation_that_reveni_refused_is_tried_at_once(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_return(ledger, held_reason="reveni_rejected")
    cases.map_lines(ledger)
    hold_step(ledger, "create_return", "reveni_rejected", sends=1)
    assert steps(backhaul) == ["create return R-1 in Reveni (W1)"]
    assert cases.state_of(ledger, "create_return", "R-1") == ("decided", 0)
    assert return_row(ledger).state == "accepted"


def test_a_step_that_mirakl_guards_is_simply_sent_again(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_return(ledger, held_reason="accept_return_rejected", mirakl_state="WAITING_ACCEPTANCE")
    cases.map_lines(ledger)
    hold_step(ledger, "accept_return", "accept_return_rejected", sends=1)
    assert steps(backhaul) == ["accept return R-1 on Mirakl (RT21)"]
    assert cases.state_of(ledger, "accept_return", "R-1") == ("decided", 1)


def test_a_return_that_was_held_before_it_was_mapped_is_mapped(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_return(ledger, held_reason="unknown_return_state")
    assert steps(backhaul)[0] == "look the reasons of return R-1 up in return_reasons.csv"
    assert cases.state_of(ledger, "map_return", "R-1")[0] == "decided"


def test_a_verdict_that_was_turned_away_is_read_again(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_return(ledger, held_reason="quantities_shrank", reveni_return_id="4e26")
    cases.map_lines(ledger)
    assert steps(backhaul) == ["read return 4e26 in Reveni (W3) for a verdict given meanwhile"]
    with ledger.read() as tx:
        [reading] = tx.session.query(Intent).filter_by(kind="read_verdict")
    assert (reading.state, reading.plan) == ("decided", {"reveni_return_id": "4e26"})


def test_a_step_that_became_due_while_it_was_held_is_promised(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_return(ledger, held_reason="item_not_in_return")
    cases.map_lines(ledger)
    assert steps(backhaul) == ["create return R-1 in Reveni (W1)"]


def test_a_return_that_the_seller_accepts_by_hand_waits_for_that(
    backhaul: Backhaul, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETURN_ACCEPTANCE", "manual")
    cases.a_return(ledger, held_reason="item_not_in_return", mirakl_state="WAITING_ACCEPTANCE")
    cases.map_lines(ledger)
    assert steps(backhaul) == ["wait: nothing is to be done until Mirakl or the warehouse says more"]
    assert return_row(ledger).held_reason is None


@pytest.mark.parametrize("mirakl_state", ["CANCELED", "CLOSED"])
def test_of_a_return_that_has_ended_nothing_is_left(backhaul: Backhaul, ledger: Ledger, mirakl_state: str) -> None:
    cases.a_return(ledger, held_reason="unmapped_return_reason", mirakl_state=mirakl_state)
    hold_step(ledger, "map_return", "unmapped_return_reason")
    assert "has ended on Mirakl" in refusal(backhaul)
    assert cases.state_of(ledger, "map_return", "R-1")[0] == "held"


def test_the_twin_of_a_return_that_has_ended_is_still_canceled(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_return(ledger, held_reason="cancel_return_rejected", mirakl_state="CANCELED", reveni_return_id="4e26")
    hold_step(ledger, "map_return", "unmapped_return_reason")
    hold_step(ledger, "cancel_return", "cancel_return_rejected", sends=1)
    assert "cancel return R-1 in Reveni (W5)" in steps(backhaul)
    assert cases.state_of(ledger, "map_return", "R-1")[0] == "held"
    assert return_row(ledger).state == "canceled"


def test_a_return_in_a_state_that_nobody_knows_waits_for_another_one(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_return(ledger, held_reason="unknown_return_state", mirakl_state="ON_THE_MOON")
    assert "'ON_THE_MOON'" in refusal(backhaul)


def test_a_return_without_lines_is_finished_by_hand(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_return(ledger, held_reason="duplicate_return_line", lines=0)
    assert "finish it by hand" in refusal(backhaul)


def test_a_review_about_something_else_stays_open(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_return(ledger, held_reason="unmapped_return_reason")
    with ledger.write() as tx:
        open_review(tx, kind="return", subject="R-1", reason="already_on_sale", detail="take them off by hand")
    steps(backhaul)
    with ledger.read() as tx:
        assert [review.reason for review in reviews(tx)] == ["already_on_sale"]
        assert intents.find(tx, "map_return", "R-1") is not None
