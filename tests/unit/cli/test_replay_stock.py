"""`replay stock`: units that were held or parked go with the next import."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from integration.ledger.reviews import reviews
from integration.ledger.store import Ledger
from integration.ledger.tables import Intent
from mappings import FOLDER
from tests.unit.cli import cases
from tests.unit.cli.conftest import Backhaul

STO01 = "put 1 of SKU-1 on sale with the next stock import (STO01)"


@pytest.fixture
def stock_master(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"STORE_HASH": "hash", "TOKEN": "token", "LOCATION_ID": "1"}.items():
        monkeypatch.setenv(f"BIGCOMMERCE_{name}", value)


def steps(backhaul: Backhaul, movement_id: str) -> list[str]:
    result = backhaul("replay", "stock", movement_id, "--apply", "--json")
    assert result.exit_code == 0, result.output
    told: list[str] = json.loads(result.stdout)["steps"]
    return told


def promised(ledger: Ledger) -> list[tuple[str, str]]:
    with ledger.read() as tx:
        return [(intent.kind, intent.state) for intent in tx.session.query(Intent).order_by(Intent.created_at)]


@pytest.mark.parametrize("state", ["held", "parked"])
def test_a_movement_that_stands_still_goes_with_the_next_import(backhaul: Backhaul, ledger: Ledger, state: str) -> None:
    movement_id = cases.a_movement(ledger, state=state)
    assert steps(backhaul, movement_id) == [STO01]
    movement = cases.movement_of(ledger, movement_id)
    assert (movement.state, movement.reason, movement.import_id) == ("pending", None, None)
    assert promised(ledger) == [("send_stock", "decided")]
    with ledger.read() as tx:
        assert reviews(tx) == []


def test_a_second_replay_changes_nothing(backhaul: Backhaul, ledger: Ledger) -> None:
    movement_id = cases.a_movement(ledger)
    steps(backhaul, movement_id)
    again = backhaul("replay", "stock", movement_id, "--apply")
    assert (again.exit_code, "is pending: nothing changes" in again.stderr) == (1, True)
    assert promised(ledger) == [("send_stock", "decided")]


def test_units_whose_sku_was_mapped_since_go_under_their_offers_sku(
    backhaul: Backhaul, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tables"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setenv("MAPPINGS_DIR", str(folder))
    monkeypatch.setenv("SKU_MAPPING", "strict")
    movement_id = cases.a_movement(ledger, reason="unmapped_sku", sku="FOUND-IN-THE-PARCEL")
    too_early = backhaul("replay", "stock", movement_id, "--apply")
    assert (too_early.exit_code, "still has no row for FOUND-IN-THE-PARCEL" in too_early.stderr) == (1, True)
    assert cases.movement_of(ledger, movement_id).state == "held"

    with (folder / "skus.csv").open("a") as rows:
        rows.write("FOUND-IN-THE-PARCEL,SKU-1,\n")
    assert steps(backhaul, movement_id) == [STO01]
    assert cases.movement_of(ledger, movement_id).sku == "SKU-1"


def test_an_sku_that_is_an_offers_already_is_not_translated(
    backhaul: Backhaul, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tables"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setenv("MAPPINGS_DIR", str(folder))
    with (folder / "skus.csv").open("a") as rows:
        rows.write("REVENIS,SKU-1,BIGCOMMERCES\nSKU-1,ANOTHER-OFFER,\n")
    movement_id = cases.a_movement(ledger, reason="unmapped_sku")
    assert steps(backhaul, movement_id) == [STO01]


def test_units_of_which_no_sku_is_known_at_all_are_not_sent(backhaul: Backhaul, ledger: Ledger) -> None:
    movement_id = cases.a_movement(ledger, reason="unmapped_sku", sku="")
    result = backhaul("replay", "stock", movement_id, "--apply")
    assert (result.exit_code, "the SKU of this movement" in result.stderr) == (1, True)


def test_the_stock_master_is_asked_first_whether_the_units_are_there(
    backhaul: Backhaul, ledger: Ledger, stock_master: None
) -> None:
    movement_id = cases.a_movement(ledger, reason="stock_master_unclear")
    with ledger.write() as tx:
        cases.hold(tx, "adjust_stock_master", movement_id, "stock_master_unclear", sends=1)
    assert steps(backhaul, movement_id)[0].startswith("look whether an earlier sending had its effect")
    assert promised(ledger) == [("adjust_stock_master", "unknown")]


def test_units_that_the_stock_master_has_never_seen_go_there_first(
    backhaul: Backhaul, ledger: Ledger, stock_master: None
) -> None:
    steps(backhaul, cases.a_movement(ledger))
    assert promised(ledger) == [("adjust_stock_master", "decided")]


def test_without_a_stock_master_its_steps_are_left_out(backhaul: Backhaul, ledger: Ledger) -> None:
    movement_id = cases.a_movement(ledger, reason="no_stock_master")
    with ledger.write() as tx:
        cases.hold(tx, "adjust_stock_master", movement_id, "no_stock_master")
    assert steps(backhaul, movement_id)[0] == "leave the stock master out, since none is configured any more"
    assert promised(ledger) == [("adjust_stock_master", "dropped"), ("send_stock", "decided")]
