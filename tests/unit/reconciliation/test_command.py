"""`backhaul reconcile`, as finance runs it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from integration.cli.main import app
from integration.settings import Settings
from tests.unit.reconciliation.story import Story, a_story

Backhaul = Callable[..., Result]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One story for all of the commands: its cycle is closed, and nothing of the account was read yet."""
    folder = tmp_path_factory.mktemp("reconcile")
    with a_story(folder, f"sqlite:///{folder / 'ledger.sqlite3'}") as story:
        story.change_fates()
        story.sandbox.close_billing_cycle(reference="BANK-7")
        yield story


@pytest.fixture
def backhaul(told: Story, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Backhaul:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in told.sandbox.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", told.fleet.settings.database_url)
    monkeypatch.setenv("BACKHAUL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, ["reconcile", *words])


def month_of(told: Story) -> str:
    return told.month().name


def test_it_fetches_what_is_new_and_tells_every_refund(backhaul: Backhaul, told: Story) -> None:
    result = backhaul("--month", month_of(told), "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    fates = {refund_id: fate for fate, refund_id in told.refund_ids.items()}
    assert {fates[row["mirakl_refund_id"]]: row["verdict"] for row in json.loads(result.stdout)} == {
        "gone": "ours_but_not_on_mirakl",
        "amount": "amount_differs",
        "commission": "commission_differs",
        "others": "on_mirakl_but_not_ours",
        "matched": "matched",
    }
    assert set(told.inbox()) == {"gone", "amount", "commission"}


def test_another_shop_of_the_ledger_has_a_month_of_its_own(backhaul: Backhaul, told: Story) -> None:
    assert backhaul("--month", month_of(told), "--offline", "--shop", "default").exit_code == 0
    other = backhaul("--month", month_of(told), "--offline", "--shop", "2002")
    assert (other.exit_code, f"No refund in {month_of(told)}." in other.stdout) == (1, True)
    assert backhaul("--month", month_of(told), "--shop", "no shop").exit_code == 2


def test_a_rerun_writes_the_same_bytes(backhaul: Backhaul, told: Story) -> None:
    def written(*more: str) -> list[bytes]:
        files = ("--csv", "refunds.csv", "--html", "refunds.html", "--journal", "journal.csv")
        result = backhaul("--month", month_of(told), *files, *more)
        assert result.exit_code == 0, result.output
        return [Path(name).read_bytes() for name in files[1::2]]

    backhaul("--month", month_of(told))
    sheet, page, journal = written("--offline")
    assert written("--offline") == [sheet, page, journal]
    fetched_again = written()
    assert [fetched_again[0], fetched_again[2]] == [sheet, journal]
    assert b"BANK-7" in sheet


def test_a_cycle_is_told_by_its_id(backhaul: Backhaul, told: Story) -> None:
    rows = json.loads(backhaul("--month", month_of(told), "--json").stdout)
    (cycle_id,) = {row["cycle_id"] for row in rows if row["cycle_id"]}
    of_cycle = json.loads(backhaul("--cycle", cycle_id, "--offline", "--json").stdout)
    assert {row["verdict"] for row in of_cycle} == {
        "amount_differs", "commission_differs", "on_mirakl_but_not_ours", "matched",
    }  # fmt: skip


def test_people_get_a_table_and_what_it_comes_to(backhaul: Backhaul, told: Story) -> None:
    result = backhaul("--month", month_of(told))
    assert result.exit_code == 0
    assert "BANK-7" in result.stdout
    assert "amount_differs                    25.00 GBP, settled 26.00" in result.stdout


def test_where_there_is_no_refund_the_exit_code_says_so(backhaul: Backhaul) -> None:
    result = backhaul("--month", "2020-01", "--offline")
    assert (result.exit_code, result.stdout) == (1, "No refund in 2020-01.\n")
    result = backhaul("--cycle", "C-404", "--offline", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, [])


def test_an_account_that_cannot_be_read_is_said_and_the_rest_is_told(
    backhaul: Backhaul, told: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    backhaul("--month", month_of(told))
    monkeypatch.setenv("MIRAKL_API_KEY", "another key")
    result = backhaul("--month", month_of(told), "--html", "refunds.html")
    assert result.exit_code == 0
    assert "ROLE_SHOP_ACCOUNTANCY" in result.stderr
    assert "ROLE_SHOP_ACCOUNTANCY" in Path("refunds.html").read_text()
    offline = backhaul("--month", month_of(told), "--offline")
    assert "ROLE_SHOP_ACCOUNTANCY" in offline.stderr


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "give either --month or --cycle"),
        (["--month", "2026-11", "--cycle", "C-1"], "give either --month or --cycle"),
        (["--month", "November"], "a month is written 2026-11"),
        (["--month", "2026-11", "--accounts", "accounts.csv"], "--accounts goes with --journal"),
        (["--month", "2026-11", "--journal", "j.csv", "--accounts", "absent.csv"], "cannot be read"),
        (["--month", "2026-11", "--csv", "absent/refunds.csv"], "there is no folder absent"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_fetched(backhaul: Backhaul, words: list[str], complaint: str) -> None:
    result = backhaul(*words)
    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.replace("│", " ").split())


def test_the_journal_takes_the_codes_of_a_file(backhaul: Backhaul, told: Story) -> None:
    Path("accounts.csv").write_text("account,code\nclearing,1209\n", encoding="utf-8")
    backhaul("--month", month_of(told), "--journal", "journal.csv", "--accounts", "accounts.csv")
    assert ",1209," in Path("journal.csv").read_text()


def test_what_to_accrue_and_what_no_line_explains_is_told(backhaul: Backhaul, told: Story) -> None:
    told.sandbox.refund_externally("others-1", amount="2.00")
    told.sandbox.alter_transaction(told.refund_ids["amount"], "REFUND_ORDER_AMOUNT", by="0.40")
    result = backhaul("--month", month_of(told))
    assert f"To accrue at the end of {month_of(told)}: 2.00 GBP" in result.stdout
    assert "-0.40 GBP that no line explains" in result.stdout
