"""The rows, the CSV and the journal."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from integration.domain.amounts import written
from integration.domain.reconciliation import judge
from integration.domain.settlement_report import SettlementReport
from integration.domain.settlement_scope import InCycle
from integration.reports.accounts import DEFAULT_ACCOUNTS, load_accounts
from integration.reports.journal import journal, write_journal
from integration.reports.sheet import COLUMNS, refund_rows, write_csv
from tests.unit.reconciliation.account_examples import (
    DECEMBER,
    a_report,
    its_lines,
    known,
    line,
    money,
    promise,
    stranger,
)

DOCUMENTED = Path(__file__).parents[3] / "docs" / "reconciliation.md"


def sheet_of(report: SettlementReport) -> list[dict[str, str]]:
    file = io.StringIO()
    write_csv(report, file)
    return list(csv.DictReader(io.StringIO(file.getvalue())))


def entries_of(report: SettlementReport, accounts: dict[str, str] | None = None) -> list[str]:
    file = io.StringIO()
    write_journal(journal(report, accounts or dict(DEFAULT_ACCOUNTS)), file)
    return file.getvalue().splitlines()[1:]


def test_a_row_has_the_keys_that_others_rely_on() -> None:
    (row,) = refund_rows(a_report(judge(known(), its_lines())))
    assert row == {
        "refund_id": "ours-77", "mirakl_refund_id": "77", "order_id": "O-1", "order_line_id": "O-1-1",
        "verdict": "matched", "currency": "GBP", "refunded": "25.00", "settled": "25.00", "cycle_id": "C-1",
        "payout_reference": "BANK-7",
    }  # fmt: skip
    (waiting,) = refund_rows(a_report(judge(known(), [])))
    assert (waiting["settled"], waiting["cycle_id"], waiting["payout_reference"]) == ("0.00", None, None)


def test_a_refund_has_a_row_for_each_of_its_parts() -> None:
    product, commission = sheet_of(a_report(judge(known(), its_lines())))
    assert tuple(product) == COLUMNS
    common = {
        "refund_id": "ours-77", "mirakl_refund_id": "77", "return_id": "", "order_id": "O-1", "order_line_id": "O-1-1",
        "sku": "SKU-1", "reason_code": "17", "quantity": "1", "made_at": "2026-11-10T12:00:00Z", "verdict": "matched",
        "currency": "GBP", "cycle_id": "C-1", "payout_reference": "BANK-7", "evidence_id": "ours-77",
    }  # fmt: skip
    assert product == {
        **common, "part": "product", "refunded": "25.00", "expected": "25.00", "booked": "25.00", "tax": "4.17",
        "settled": "25.00", "transactions": "T-77-REFUND_ORDER_AMOUNT T-77-REFUND_ORDER_AMOUNT_TAX",
    }  # fmt: skip
    assert commission == {
        **common, "part": "commission", "refunded": "", "expected": "6.00", "booked": "6.00", "tax": "1.00",
        "settled": "6.00", "transactions": "T-77-REFUND_COMMISSION_FEE T-77-REFUND_COMMISSION_VAT",
    }  # fmt: skip


def test_parts_that_came_to_nothing_are_left_out_but_never_a_refund() -> None:
    assert [row["part"] for row in sheet_of(a_report(judge(known(promised=promise(commission=money("0"))), [])))] == [
        "product"
    ]
    (others,) = sheet_of(a_report(judge(stranger(seen=money("5.00"), quantity=None, sku=None), [])))
    assert (others["refund_id"], others["refunded"], others["booked"], others["evidence_id"]) == ("", "5.00", "", "")


def test_a_refund_of_others_is_proved_by_its_lines() -> None:
    product, _ = sheet_of(a_report(judge(stranger("77"), its_lines())))
    assert (product["refunded"], product["expected"]) == ("25.00", "")
    assert product["evidence_id"] == "T-77-REFUND_ORDER_AMOUNT"


def test_the_sheet_sums_to_the_rows() -> None:
    report = a_report(
        judge(known("1"), its_lines("1")), judge(known("2"), []), judge(stranger("3"), its_lines("3")),
        judge(stranger("4", seen=money("5.00")), []),
    )  # fmt: skip
    refunded = sum(Decimal(row["refunded"] or 0) for row in sheet_of(report))
    assert refunded == sum(Decimal(row["refunded"]) for row in refund_rows(report)) == money("80.00")


@pytest.mark.parametrize("sku", ["=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(1)", "\tx", "\rx"])
def test_what_a_spreadsheet_would_run_is_written_as_text(sku: str) -> None:
    """X6: in every CSV of ours; figures stay figures."""
    written_as = f"'{sku}".replace("\r", " ")
    refund = judge(replace(known(), sku=sku), its_lines())
    product, *_ = sheet_of(a_report(refund))
    assert (product["sku"], product["refunded"]) == (written_as, "25.00")
    codes = {**DEFAULT_ACCOUNTS, "accrued": sku, "product": "-4000"}
    file = io.StringIO()
    write_journal(journal(a_report(refund), codes), file)
    accounts = {row["account"] for row in csv.DictReader(io.StringIO(file.getvalue()))}
    assert {written_as, "-4000"} <= accounts


def test_every_column_is_documented() -> None:
    documented = DOCUMENTED.read_text(encoding="utf-8")
    assert [column for column in COLUMNS if f"| `{column}` |" not in documented] == []
    assert [name for name in DEFAULT_ACCOUNTS if f"| `{name}` |" not in documented] == []


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("25.000000", "GBP", "25.00"), ("2500.000000", "JPY", "2500"), ("0", "GBP", "0.00"), ("0.125", "GBP", "0.125"),
        ("25.10", "???", "25.1"),
    ],
)  # fmt: skip
def test_an_amount_has_the_decimals_of_its_currency(amount: str, currency: str, words: str) -> None:
    assert written(money(amount), currency) == words


def test_a_refund_is_booked_when_it_is_made_and_again_when_it_is_settled() -> None:
    assert entries_of(a_report(judge(known(), its_lines()))) == [
        "2026-11-10,4100,20.83,,GBP,refund 77",
        "2026-11-10,2150,,20.83,GBP,refund 77",
        "2026-11-10,2200,4.17,,GBP,refund 77",
        "2026-11-10,2150,,4.17,GBP,refund 77",
        "2026-11-10,2150,5.00,,GBP,refund 77",
        "2026-11-10,6200,,5.00,GBP,refund 77",
        "2026-11-10,2150,1.00,,GBP,refund 77",
        "2026-11-10,1400,,1.00,GBP,refund 77",
        "2026-11-20,2150,19.00,,GBP,refund 77 in cycle C-1",
        "2026-11-20,1450,,19.00,GBP,refund 77 in cycle C-1",
    ]


def test_a_refund_is_settled_in_the_month_of_its_cycle() -> None:
    refund = judge(known(), [replace(each, billed_at=DECEMBER.start) for each in its_lines()])
    assert {entry.split(",")[0] for entry in entries_of(a_report(refund))} == {"2026-11-10"}
    assert {entry.split(",")[0] for entry in entries_of(a_report(refund, scope=DECEMBER))} == {"2026-12-01"}


def test_a_refund_that_the_account_does_not_show_yet_is_booked_as_promised() -> None:
    promised = promise(shipping=money("3.00"), fees=money("1.00"))
    accounts = {name: name for name in DEFAULT_ACCOUNTS}
    entries = entries_of(a_report(judge(known(promised=promised), [])), accounts)
    assert entries == [
        "2026-11-10,product,25.00,,GBP,refund 77",
        "2026-11-10,accrued,,25.00,GBP,refund 77",
        "2026-11-10,shipping,3.00,,GBP,refund 77",
        "2026-11-10,accrued,,3.00,GBP,refund 77",
        "2026-11-10,fee,1.00,,GBP,refund 77",
        "2026-11-10,accrued,,1.00,GBP,refund 77",
        "2026-11-10,accrued,6.00,,GBP,refund 77",
        "2026-11-10,commission,,6.00,GBP,refund 77",
    ]
    others = entries_of(a_report(judge(stranger("88", seen=money("5.00")), [])), accounts)
    assert others[0] == "2026-11-10,product,5.00,,GBP,refund 88"


def test_a_refund_that_mirakl_does_not_know_is_not_booked() -> None:
    assert entries_of(a_report(judge(known(on_mirakl=False), []))) == []


def test_of_a_cycle_only_what_it_settles_is_booked() -> None:
    entries = entries_of(a_report(judge(known(), its_lines()), scope=InCycle("C-1")))
    assert [entry.split(",")[1] for entry in entries] == ["2150", "1450"]


def test_what_the_operator_bears_and_what_is_unknown_have_accounts_of_their_own() -> None:
    lines = [line("OPERATOR_REMITTED_REFUND_ORDER_AMOUNT_TAX", "4.17"), line("NEW", "-0.10")]
    entries = entries_of(a_report(judge(known(), lines)), {name: name for name in DEFAULT_ACCOUNTS})
    assert "2026-11-10,operator,,4.17,GBP,refund 77" in entries
    assert "2026-11-10,other,0.10,,GBP,refund 77" in entries


def test_account_codes_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text("account,code\nclearing, 1209 \n", encoding="utf-8")
    assert load_accounts(path) == {**DEFAULT_ACCOUNTS, "clearing": "1209"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "line 1"), (b"code,account\n", "line 1"), (b"account,code\nclearing\n", "line 2"),
        (b"account,code\nclearing,1\nnobody,1\n", "line 3"), (b"account,code\nclearing, \n", "line 2"),
        (b"\xff\xfe", "cannot be read"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_one_of_account_codes_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "accounts.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=complaint):
        load_accounts(path)
    with pytest.raises(ValueError, match="cannot be read"):
        load_accounts(tmp_path / "absent.csv")
