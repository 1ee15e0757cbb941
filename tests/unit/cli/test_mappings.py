"""`mappings`: what is wrong with the files, and what they would have done."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from integration.ledger.store import Ledger
from integration.sandbox import SandboxClient
from mappings import FOLDER
from tests.unit.cli.conftest import Backhaul


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: None) -> Path:
    """A copy of the shipped files."""
    folder = tmp_path / "tables"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setenv("MAPPINGS_DIR", str(folder))
    return folder


def report(backhaul: Backhaul, *words: str, exit_code: int) -> dict[str, Any]:
    result = backhaul("mappings", *words, "--json")
    assert result.exit_code == exit_code, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def seed_return(sandbox: SandboxClient, sku: str, reason: str, **order: Any) -> str:
    order_id = sandbox.seed_order(lines=[{"sku": sku, "quantity": 2, "unit_price": "25.00"}], **order)
    sandbox.receive(order_id)
    return sandbox.open_return(order_id, [{"order_line_id": f"{order_id}-1", "quantity": 1, "reason_code": reason}])


def test_files_that_are_in_order_say_how_much_is_in_them(backhaul: Backhaul, tables: Path) -> None:
    found = report(backhaul, "check", exit_code=0)
    assert (found["return_reasons"], found["reject_reasons"], found["skus"], found["problems"]) == (19, 4, 0, [])
    assert "is in order: version" in backhaul("mappings", "check").stdout


def test_every_problem_is_told_with_file_line_and_column(backhaul: Backhaul, tables: Path) -> None:
    with (tables / "return_reasons.csv").open("a") as rows:
        rows.write("RETURN_NEW,new,burn,17,none,sellable,\n")
    (tables / "skus.csv").write_text("reveni_sku\n")
    problems = report(backhaul, "check", exit_code=1)["problems"]
    assert any("return_reasons.csv, line 21, column disposition" in problem for problem in problems)
    assert any("skus.csv, line 1, column mirakl_offer_sku: is missing" in problem for problem in problems)
    for_people = backhaul("mappings", "check")
    assert (for_people.exit_code, for_people.stderr.count("  - ")) == (1, len(problems))


def test_a_reason_with_which_mirakl_lets_no_shop_refund_is_a_problem(
    backhaul: Backhaul, tables: Path, sandbox: SandboxClient
) -> None:
    assert report(backhaul, "check", "--live", exit_code=0)["problems"] == []
    assert "Mirakl allows every refund reason" in backhaul("mappings", "check", "--live").stdout
    sandbox.set_reasons([
        {"code": "17", "label": "Item returned", "type": "REFUND", "is_shop_right": False},
        {"code": "17", "label": "Another 17", "type": "INCIDENT_OPEN", "is_shop_right": True},
    ])  # fmt: skip
    [problem] = report(backhaul, "check", "--live", exit_code=1)["problems"]
    assert "17" in problem


def test_codes_that_mirakl_gained_are_told_and_are_no_problem(
    backhaul: Backhaul, tables: Path, sandbox: SandboxClient
) -> None:
    sandbox.set_reasons([
        {"code": "17", "label": "Item returned", "type": "REFUND", "is_shop_right": True},
        {"code": "20", "label": "Goodwill", "type": "REFUND", "is_shop_right": True},
        {"code": "21", "label": "Not for shops", "type": "REFUND", "is_shop_right": False},
        {"code": "RETURN_IN_FASHION", "label": "In fashion", "type": "RETURN", "is_shop_right": False},
    ])  # fmt: skip
    found = report(backhaul, "check", "--live", exit_code=0)
    assert (found["allowed_and_not_used"], found["return_reasons_without_a_row"]) == (["20"], ["RETURN_IN_FASHION"])
    told = backhaul("mappings", "check", "--live").stdout
    assert "would hold a return: RETURN_IN_FASHION" in told
    assert "also allow a refund with 20" in told


def test_a_mirakl_that_cannot_be_asked_is_a_refusal(backhaul: Backhaul, tables: Path) -> None:
    result = backhaul("mappings", "check", "--live")
    assert (result.exit_code, "RE01" in result.stderr) == (1, True)


def test_a_rehearsal_tells_which_returns_would_have_been_held_and_why(
    backhaul: Backhaul, tables: Path, ledger: Ledger, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKU_MAPPING", "strict")
    with (tables / "skus.csv").open("a") as rows:
        rows.write("REVENI-1,SKU-1,\n")
    seed_return(sandbox, "SKU-1", "RETURN_CHANGED_MIND")
    seed_return(sandbox, "SKU-1", "RETURN_IN_FASHION")
    seed_return(sandbox, "SKU-2", "RETURN_IN_FASHION")
    rehearsal = report(backhaul, "rehearse", exit_code=0)
    assert (rehearsal["returns"], rehearsal["held"]) == (3, 2)
    assert rehearsal["reasons"] == {"RETURN_IN_FASHION": 2, "RETURN_CHANGED_MIND": 1}
    assert rehearsal["findings"] == [
        {"held_reason": "unmapped_return_reason", "what": "RETURN_IN_FASHION", "returns": 2},
        {"held_reason": "unmapped_sku", "what": "SKU-2", "returns": 1},
    ]


def test_a_rehearsal_is_told_to_people_with_what_to_do(
    backhaul: Backhaul, tables: Path, ledger: Ledger, sandbox: SandboxClient
) -> None:
    seed_return(sandbox, "SKU-1", "RETURN_IN_FASHION")
    told = backhaul("mappings", "rehearse", "--days", "30").stdout
    assert told.startswith("1 of 1 returns of the last 30 days would be held.")
    assert "Mend return_reasons.csv" in told.splitlines()[-1]


def test_a_rehearsal_in_which_nothing_is_held_says_no_more(
    backhaul: Backhaul, tables: Path, ledger: Ledger, sandbox: SandboxClient
) -> None:
    seed_return(sandbox, "SKU-1", "RETURN_CHANGED_MIND")
    assert "Mend" not in backhaul("mappings", "rehearse").stdout


def test_a_refund_reason_that_is_not_allowed_would_have_held(
    backhaul: Backhaul, tables: Path, ledger: Ledger, sandbox: SandboxClient
) -> None:
    sandbox.set_reasons([{"code": "18", "label": "Other", "type": "REFUND", "is_shop_right": True}])
    seed_return(sandbox, "SKU-1", "RETURN_CHANGED_MIND")
    findings = report(backhaul, "rehearse", exit_code=0)["findings"]
    assert findings == [{"held_reason": "illegal_refund_reason", "what": "17", "returns": 1}]


def test_a_line_that_does_not_add_up_would_have_held(
    backhaul: Backhaul, tables: Path, ledger: Ledger, sandbox: SandboxClient
) -> None:
    seed_return(sandbox, "SKU-1", "RETURN_CHANGED_MIND", order_id="O-1")
    sandbox.cancel_units("O-1-1", 2)
    [finding] = report(backhaul, "rehearse", exit_code=0)["findings"]
    assert (finding["held_reason"], finding["what"]) == ("line_does_not_add_up", "O-1-1")


def test_a_return_whose_order_mirakl_does_not_show_would_have_held(
    backhaul: Backhaul, tables: Path, ledger: Ledger, sandbox: SandboxClient
) -> None:
    seed_return(sandbox, "SKU-1", "RETURN_CHANGED_MIND", order_id="O-1")
    sandbox.add_fault("OR11", "status_before", status=200, body={"orders": [], "total_count": 0})
    [finding] = report(backhaul, "rehearse", exit_code=0)["findings"]
    assert (finding["held_reason"], finding["what"]) == ("order_not_on_mirakl", "O-1")


def test_no_returns_are_nothing_to_rehearse_on(
    backhaul: Backhaul, tables: Path, ledger: Ledger, sandbox: SandboxClient
) -> None:
    told = backhaul("mappings", "rehearse")
    assert (told.exit_code, "try more with --days" in told.stdout) == (1, True)


def test_a_rehearsal_keeps_to_the_published_call_frequency(
    backhaul: Backhaul, tables: Path, ledger: Ledger, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALL_INTERVAL_SCALE", "1")
    report(backhaul, "rehearse", exit_code=1)
    again = backhaul("mappings", "rehearse")
    assert (again.exit_code, "RT11 is at its published ceiling" in again.stderr) == (1, True)
    assert len(sandbox.calls("RT11")) == 1
