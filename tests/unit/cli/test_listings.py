"""`list`: every row with stable keys for programs, a table and the next step for people."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from integration.ledger import intents
from integration.ledger.reviews import open_review
from integration.ledger.store import Ledger
from tests.unit.cli import cases
from tests.unit.cli.conftest import Backhaul

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

KEYS = {
    "orders": {"order_id", "state", "acknowledged_at", "deadline", "commercial_id", "created_date", "first_seen_at",
               "acknowledged_by", "reason"},
    "returns": {"return_id", "order_id", "state", "reveni_return_id", "held_reason", "mirakl_state", "reveni_status"},
    "refunds": {"refund_id", "return_id", "order_id", "order_line_id", "quantity", "state", "amount",
                "shipping_amount", "currency", "mirakl_refund_id", "held_reason"},
    "stock": {"movement_id", "sku", "quantity", "location", "state", "return_id", "order_line_id", "reason"},
    "review": {"review_id", "kind", "subject", "reason", "opened_at", "state", "detail"},
}  # fmt: skip


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """One of everything, held."""
    cases.a_held_order(ledger)
    cases.a_return(ledger, held_reason="unmapped_return_reason")
    cases.a_refund(ledger)
    cases.a_movement(ledger)
    return ledger


def rows(backhaul: Backhaul, *words: str) -> list[dict[str, Any]]:
    result = backhaul(*words, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("family", KEYS)
def test_a_list_gives_each_row_with_the_keys_that_programs_rely_on(
    backhaul: Backhaul, filled: Ledger, family: str
) -> None:
    for row in rows(backhaul, family, "list"):
        assert row.keys() >= KEYS[family]


@pytest.mark.parametrize("family", KEYS)
def test_a_list_is_a_table_with_the_next_step_for_people(backhaul: Backhaul, filled: Ledger, family: str) -> None:
    result = backhaul(family, "list")
    assert result.exit_code == 0
    assert "state" in result.stdout
    assert "backhaul " in result.stdout.splitlines()[-1]


@pytest.mark.parametrize("family", KEYS)
def test_a_list_of_nothing_is_an_empty_array_and_done(backhaul: Backhaul, ledger: Ledger, family: str) -> None:
    assert rows(backhaul, family, "list") == []
    assert backhaul(family, "list").stdout.startswith("No ")


@pytest.mark.parametrize(
    ("family", "state"), [("orders", "missed"), ("returns", "open"), ("refunds", "unknown"), ("stock", "done")]
)
def test_a_state_that_nothing_is_in_matches_nothing(
    backhaul: Backhaul, filled: Ledger, family: str, state: str
) -> None:
    result = backhaul(family, "list", "--state", state, "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, [])
    assert f"is {state}" in backhaul(family, "list", "--state", state).stdout


@pytest.mark.parametrize("family", ["orders", "returns", "refunds", "stock"])
def test_a_state_chooses_the_rows_that_are_in_it(backhaul: Backhaul, filled: Ledger, family: str) -> None:
    assert [row["state"] for row in rows(backhaul, family, "list", "--state", "held")] == ["held"]


@pytest.mark.parametrize("family", ["orders", "returns", "refunds", "stock"])
def test_a_state_that_does_not_exist_is_wrong_usage(backhaul: Backhaul, filled: Ledger, family: str) -> None:
    assert backhaul(family, "list", "--state", "lost").exit_code == 2


def test_a_limit_shows_so_many_rows_and_no_limit_shows_all(backhaul: Backhaul, ledger: Ledger) -> None:
    for number in range(12):
        cases.an_open_order(ledger, f"O-{number}", hours_left=number)
    assert [row["order_id"] for row in rows(backhaul, "orders", "list", "--limit", "2")] == ["O-0", "O-1"]
    assert len(rows(backhaul, "orders", "list")) == 12
    assert backhaul("orders", "list", "--limit", "0").exit_code == 2


def test_times_are_utc_with_a_z(backhaul: Backhaul, filled: Ledger) -> None:
    [order] = rows(backhaul, "orders", "list")
    assert INSTANT.fullmatch(order["deadline"])
    assert order["acknowledged_at"] is None


def test_amounts_are_strings_with_the_decimals_of_their_currency(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_refund(ledger, state="confirmed")
    cases.an_external_refund(ledger)
    ours, external = rows(backhaul, "refunds", "list")
    assert (ours["amount"], ours["shipping_amount"], ours["currency"]) == ("25.00", "0.00", "GBP")
    assert (external["state"], external["amount"], external["shipping_amount"]) == ("external", "5.00", "0.00")


def test_a_refund_that_waits_says_what_for_and_what_it_comes_to(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_refund(ledger, state="decided", reason="insufficient_balance")
    [row] = rows(backhaul, "refunds", "list", "--state", "decided")
    assert (row["held_reason"], row["amount"], row["currency"]) == ("insufficient_balance", "25.00", "GBP")


def test_a_refund_that_was_not_worked_out_yet_has_no_amount(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_refund(ledger, asked=False)
    [row] = rows(backhaul, "refunds", "list")
    assert (row["amount"], row["shipping_amount"], row["currency"]) == (None, None, None)


def test_a_refund_that_was_confirmed_is_held_for_nothing(backhaul: Backhaul, ledger: Ledger) -> None:
    refund_id = cases.a_refund(ledger)
    with ledger.write() as tx:
        intent = intents.get(tx, refund_id)
        assert intent is not None
        intents.close(tx, intent, "dropped", reason="dismissed_by_hand")
    [row] = rows(backhaul, "refunds", "list", "--state", "dropped")
    assert (row["held_reason"], row["detail"]) == (None, None)


def test_the_inbox_holds_open_cases_and_with_all_the_resolved_ones_too(backhaul: Backhaul, filled: Ledger) -> None:
    open_cases = rows(backhaul, "review", "list")
    assert {case["kind"] for case in open_cases} == {"order", "return", "refund", "stock"}
    backhaul("replay", "order", "O-1", "--apply")
    assert len(rows(backhaul, "review", "list")) == 3
    assert len(rows(backhaul, "review", "list", "--all")) == 4
    assert len(rows(backhaul, "review", "list", "--limit", "2")) == 2


def test_one_case_is_shown_with_its_evidence_and_what_to_do(backhaul: Backhaul, filled: Ledger) -> None:
    review_id = rows(backhaul, "review", "list")[1]["review_id"]
    shown = json.loads(backhaul("review", "show", review_id, "--json").stdout)
    assert (shown["subject"], shown["reason"]) == ("R-1", "unmapped_return_reason")
    for_people = backhaul("review", "show", review_id).stdout
    assert "backhaul replay return R-1" in for_people


def test_a_case_shows_its_figures_and_once_it_is_resolved_asks_for_nothing(backhaul: Backhaul, ledger: Ledger) -> None:
    with ledger.write() as tx:
        review = open_review(
            tx, kind="return", subject="R-1", reason="quantities_shrank", detail="look", evidence={"known": 2}
        )
    assert '"known": 2' in backhaul("review", "show", review.id).stdout
    backhaul("review", "resolve", review.id, "--dismiss", "--note", "seen")
    told = backhaul("review", "show", review.id).stdout
    assert "cli:ada" in told
    assert "backhaul replay" not in told


def test_a_case_that_does_not_exist_is_nothing_and_a_malformed_id_is_usage(backhaul: Backhaul, ledger: Ledger) -> None:
    unknown = backhaul("review", "show", "7d0f2a3c-1e1b-4a37-9f6a-6a2b1c0d9e11")
    assert unknown.exit_code == 1
    assert "backhaul review list" in unknown.stderr
    assert backhaul("review", "show", "seven").exit_code == 2


def test_one_return_is_shown_with_all_that_belongs_to_it(backhaul: Backhaul, filled: Ledger) -> None:
    with filled.write() as tx:
        intents.decide(tx, "map_return", "R-1")
    shown = json.loads(backhaul("returns", "show", "R-1", "--json").stdout)
    assert shown["return_id"] == "R-1"
    assert [line["reason_code"] for line in shown["lines"]] == ["RETURN_CHANGED_MIND"]
    assert [step["step"] for step in shown["steps"]] == ["map_return"]
    assert [len(shown[part]) for part in ("refunds", "movements")] == [1, 1]
    for_people = backhaul("returns", "show", "R-1").stdout
    assert "backhaul replay return R-1" in for_people
    assert "O-1-1" in for_people


def test_a_return_that_is_not_held_needs_no_replay(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_return(ledger)
    assert "replay" not in backhaul("returns", "show", "R-1").stdout


def test_a_return_that_does_not_exist_is_nothing(backhaul: Backhaul, ledger: Ledger) -> None:
    result = backhaul("returns", "show", "R-9")
    assert result.exit_code == 1
    assert "There is no return R-9" in result.stderr
