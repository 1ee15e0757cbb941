"""What a fleet is made from: its Procfile, its environment and its hold on the data folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from integration.fleet import procfile
from integration.fleet.environment import fleet_environment
from integration.fleet.procfile import load_procfile
from integration.fleet.sole import FleetAlreadyRuns, sole_fleet
from integration.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        mirakl_base_url="https://example.mirakl.net",
        mirakl_api_key="k",
        reveni_store_id="s",
        reveni_api_key="k",
        backhaul_data_dir=tmp_path,
        flower_port=5556,
    )


def test_the_procfile_has_a_worker_for_each_queue_and_one_beat() -> None:
    lines = load_procfile()
    assert [name for name, line in lines.items() if f" worker --queues={name} " in line] == [
        "polling",
        "acknowledgement",
        "reason-mapping",
        "refund",
        "restock",
        "reconciliation",
    ]
    assert [name for name, line in lines.items() if " worker " not in line] == ["beat", "web", "flower"]


def test_an_installed_package_brings_its_own_procfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Procfile").write_text("# a comment\nweb: python -m somewhere\n")
    monkeypatch.setattr(procfile, "PACKAGE", tmp_path)
    assert load_procfile() == {"web": "python -m somewhere"}


def test_the_processes_find_what_was_decided_for_them(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setenv("MIRAKL_API_KEY", "handed on")
    monkeypatch.delenv("FLOWER_ADDRESS", raising=False)
    env = fleet_environment(settings, broker_url="redis://127.0.0.1:1/0", flower_basic_auth="u:p")
    assert env["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/usr/bin"
    assert env["MIRAKL_API_KEY"] == "handed on"
    assert env["BACKHAUL_DATA_DIR"] == str(tmp_path)
    assert env["BROKER_URL"] == "redis://127.0.0.1:1/0"
    assert (env["FLOWER_ADDRESS"], env["FLOWER_PORT"], env["FLOWER_BASIC_AUTH"]) == (
        "127.0.0.1",
        "5556",
        "u:p",
    )


def test_flower_listens_elsewhere_only_where_somebody_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWER_ADDRESS", "10.0.0.5")
    env = fleet_environment(settings, broker_url="redis://h/0", flower_basic_auth="u:p")
    assert env["FLOWER_ADDRESS"] == "10.0.0.5"


def test_a_second_fleet_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    with sole_fleet(folder), pytest.raises(FleetAlreadyRuns, match=f"A fleet already runs in {folder}"):
        sole_fleet(folder).__enter__()
    with sole_fleet(folder):
        pass


def test_the_folder_is_free_again_after_a_fleet_that_failed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), sole_fleet(tmp_path):
        _ = 1 / 0
    with sole_fleet(tmp_path):
        pass
