"""`check`: each thing that a fleet needs, and what to do where it fails."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from integration.fleet.broker import EmbeddedBroker
from integration.ledger.account_reads import begin_read, end_read
from integration.ledger.store import Ledger
from integration.ledger.tables import AccountReadRow
from integration.sandbox import SandboxClient
from tests.unit.cli.conftest import NOBODY_LISTENS, Backhaul

EVERYTHING = [
    "settings", "data-folder", "database", "migrations", "recovery", "mappings", "broker", "mirakl", "refund-reasons",
    "mirakl-platform", "mirakl-account", "refund-limits", "reveni",
]  # fmt: skip


OF_OTHERS = ("recovery", "refund-reasons", "mirakl-account", "refund-limits")
"""Rest on what the others look at, and are no failure of their own where that fails."""


def checks(backhaul: Backhaul, *, exit_code: int) -> dict[str, dict[str, Any]]:
    result = backhaul("check", "--json")
    assert result.exit_code == exit_code, result.output
    return {row["name"]: row for row in json.loads(result.stdout)}


def failed(backhaul: Backhaul) -> list[str]:
    return [name for name, row in checks(backhaul, exit_code=1).items() if row["ok"] is False]


def test_a_setup_that_is_in_order_passes(
    backhaul: Backhaul, ledger: Ledger, sandbox: SandboxClient, broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_URL", broker.url)
    found = checks(backhaul, exit_code=0)
    assert list(found) == EVERYTHING
    assert {name for name, row in found.items() if row["ok"] is None} == {"mirakl-account"}
    assert all(row["ok"] is not False and row["next_step"] is None for row in found.values())
    assert "FAILED" not in backhaul("check").stdout


def test_a_check_that_did_not_look_does_not_say_ok(
    backhaul: Backhaul, ledger: Ledger, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S10: three words: ok, FAILED, unknown."""
    with ledger.write() as tx:
        begin_read(tx, "TL02", lease=60)
        end_read(tx, "TL02", complete=True)
    assert "the fleet has read the seller's account at" in checks(backhaul, exit_code=0)["mirakl-account"]["detail"]
    with ledger.write() as tx:
        tx.session.execute(update(AccountReadRow).values(complete_at=tx.now - timedelta(days=2)))
    monkeypatch.setenv("MIRAKL_BASE_URL", NOBODY_LISTENS)
    found = checks(backhaul, exit_code=1)
    assert {name: row["word"] for name, row in found.items() if "mirakl" in name or "reasons" in name} == {
        "mirakl": "FAILED", "refund-reasons": "unknown", "mirakl-platform": "FAILED", "mirakl-account": "unknown",
    }  # fmt: skip
    assert "unknown  mirakl-account" in backhaul("check").stdout


def test_no_call_of_a_check_counts_against_a_ceiling(
    backhaul: Backhaul, ledger: Ledger, sandbox: SandboxClient
) -> None:
    checks(backhaul, exit_code=0)
    checks(backhaul, exit_code=0)
    assert {call["operation"] for call in sandbox.calls()} == {"RE01", "PC01", "W2"}


def test_a_fleet_without_a_broker_brings_its_own(backhaul: Backhaul, ledger: Ledger, sandbox: SandboxClient) -> None:
    assert "backhaul up" in checks(backhaul, exit_code=0)["broker"]["detail"]


@pytest.mark.usefixtures("no_tables")
def test_everything_that_fails_is_told_at_once_with_what_to_do(
    backhaul: Backhaul, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_URL", "redis://:hunter2@127.0.0.1:9/0")
    monkeypatch.setenv("MAPPINGS_DIR", str(tmp_path))
    assert failed(backhaul) == [name for name in EVERYTHING[3:] if name not in OF_OTHERS]
    told = backhaul("check")
    assert (told.exit_code, told.stdout.count("FAILED"), "hunter2" in told.output) == (1, 6, False)
    assert "check REVENI_BASE_URL, REVENI_STORE_ID and REVENI_API_KEY" in told.stdout


def test_a_database_that_does_not_answer_fails_its_own_line(
    backhaul: Backhaul, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://fleet:hunter2@127.0.0.1:9/ledger")
    assert failed(backhaul) == ["database", "migrations"]


def test_a_misspelt_setting_and_a_closed_data_folder_are_told_beside_everything_else(
    backhaul: Backhaul, ledger: Ledger, sandbox: SandboxClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S10: neither is blamed on DATABASE_URL, and neither hides what else there is to say."""
    monkeypatch.setenv("REFUND_HOLD_ABVOE", "GBP:250")
    (tmp_path / "file").touch()
    monkeypatch.setenv("BACKHAUL_DATA_DIR", str(tmp_path / "file" / "data"))
    found = checks(backhaul, exit_code=1)
    assert [name for name, row in found.items() if row["ok"] is False] == ["settings", "data-folder"]
    assert "is REFUND_HOLD_ABOVE meant?" in found["settings"]["detail"]
    assert "BACKHAUL_DATA_DIR" in found["data-folder"]["detail"]


def test_a_database_that_may_forget_fails(
    backhaul: Backhaul, sandbox: SandboxClient, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{postgres_url}?options=-csynchronous_commit%3Doff")
    assert "synchronous_commit=off" in checks(backhaul, exit_code=1)["database"]["detail"]


def test_refused_keys_fail_without_being_shown(
    backhaul: Backhaul, ledger: Ledger, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRAKL_API_KEY", "hunter2")
    monkeypatch.setenv("REVENI_API_KEY", "hunter2")
    assert failed(backhaul) == ["mirakl", "reveni"]
    assert "hunter2" not in backhaul("check").output


def test_a_key_that_may_not_read_the_platforms_settings_is_good_enough(
    backhaul: Backhaul, ledger: Ledger, sandbox: SandboxClient
) -> None:
    sandbox.add_fault("PC01", "status_before", status=403)
    assert "ROLE_SHOP_ADMIN" in checks(backhaul, exit_code=0)["mirakl-platform"]["detail"]


def test_a_platform_that_accepts_orders_by_itself_is_told(
    backhaul: Backhaul, ledger: Ledger, sandbox: SandboxClient
) -> None:
    sandbox.set_configuration({"features": {"order_workflows": {"order_acceptance": "AUTOMATIC"}}})
    assert "accepts every order by itself" in checks(backhaul, exit_code=0)["mirakl-platform"]["detail"]


@pytest.mark.parametrize(("reachable", "exit_code"), [(True, 0), (False, 1)])
def test_bigcommerce_is_looked_at_where_it_is_configured(
    backhaul: Backhaul,
    ledger: Ledger,
    sandbox: SandboxClient,
    monkeypatch: pytest.MonkeyPatch,
    reachable: bool,
    exit_code: int,
) -> None:
    for name, value in sandbox.environment(bigcommerce=True).items():
        monkeypatch.setenv(name, value)
    if not reachable:
        monkeypatch.setenv("BIGCOMMERCE_BASE_URL", NOBODY_LISTENS)
    assert checks(backhaul, exit_code=exit_code)["bigcommerce"]["ok"] is reachable


def test_a_key_without_the_accountancy_role_is_told_with_the_role(
    backhaul: Backhaul, ledger: Ledger, sandbox: SandboxClient
) -> None:
    with ledger.write() as tx:
        begin_read(tx, "TL02", lease=60)
        end_read(tx, "TL02", complete=False, refusal="TL02 is not for this key.")
    found = checks(backhaul, exit_code=1)["mirakl-account"]
    assert (found["ok"], found["detail"]) == (False, "TL02 is not for this key.")
    assert "ROLE_SHOP_ACCOUNTANCY" in found["next_step"]


def test_the_limits_of_refunds_are_told(
    backhaul: Backhaul, ledger: Ledger, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no refund waits for approval" in checks(backhaul, exit_code=0)["refund-limits"]["detail"]
    monkeypatch.setenv("REFUND_HOLD_ABOVE", "GBP:250,EUR:300")
    told = checks(backhaul, exit_code=0)["refund-limits"]["detail"]
    assert told.startswith("a refund above 300.00 EUR, 250.00 GBP waits for approval")


def test_a_mapped_refund_reason_that_mirakl_forbids_fails(
    backhaul: Backhaul, ledger: Ledger, sandbox: SandboxClient
) -> None:
    sandbox.set_reasons([{"code": "17", "label": "Item returned", "type": "REFUND", "is_shop_right": False}])
    assert "17 may not be given by a shop" in checks(backhaul, exit_code=1)["refund-reasons"]["detail"]
