"""`review show` names commands that the case allows, and no other."""

from __future__ import annotations

import json

import pytest

from integration.ledger.reviews import open_review, reviews
from integration.ledger.store import Ledger
from tests.unit.cli import cases
from tests.unit.cli.conftest import Backhaul


def steps(backhaul: Backhaul, ledger: Ledger) -> list[str]:
    """The commands that are shown for the oldest case, without `backhaul`."""
    with ledger.read() as tx:
        review = reviews(tx)[0].id
    shown: list[dict[str, str]] = json.loads(backhaul("review", "show", review, "--json").stdout)["next_steps"]
    told = backhaul("review", "show", review).stdout
    assert all(f"Where {step['when']}: {step['command']}" in told for step in shown)
    return [step["command"].removeprefix("backhaul ") for step in shown]


def words(command: str) -> str:
    """A command without its ids."""
    known = [word for word in command.split() if word in ("replay", "refund", "order", "stock") or word[:2] == "--"]
    return " ".join(word for word in known if word not in ("--note", "--refund-id"))


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("line_does_not_add_up", ["replay refund --apply", "--done", "--dismiss"]),
        ("exceeds_remaining", ["--done", "replay refund --apply", "--dismiss"]),
        ("reveni_pays_too", ["--send-again", "replay refund --apply", "--done", "--dismiss"]),
        ("unknown_outcome", ["--done", "replay refund --apply", "--send-again", "--dismiss"]),
        ("answer_differs", ["--done", "--send-again", "--dismiss"]),
        ("order_closed", ["--dismiss"]),
    ],
)
def test_each_kind_of_a_held_refund_has_steps_of_its_own(
    backhaul: Backhaul, ledger: Ledger, reason: str, expected: list[str]
) -> None:
    cases.a_refund(ledger, reason=reason, sends=1)
    assert [words(command) for command in steps(backhaul, ledger)] == expected


@pytest.mark.parametrize("reason", ["amount_differs", "on_mirakl_but_not_ours", "refund_changed_on_mirakl"])
def test_what_mirakl_says_afterwards_of_a_refund_is_never_replayed(
    backhaul: Backhaul, ledger: Ledger, reason: str
) -> None:
    refund_id = cases.a_refund(ledger, state="confirmed")
    with ledger.write() as tx:
        open_review(tx, kind="refund", subject=str(refund_id), reason=reason, detail="0.50 less")
    assert [words(command) for command in steps(backhaul, ledger)] == ["--dismiss"]


@pytest.mark.parametrize("reason", ["line_does_not_add_up", "exceeds_remaining", "unknown_outcome", "order_closed"])
def test_every_step_but_naming_the_refund_can_be_taken_as_it_is_shown(
    backhaul: Backhaul, ledger: Ledger, reason: str
) -> None:
    cases.a_refund(ledger, reason=reason)
    first, *_ = [command for command in steps(backhaul, ledger) if "--refund-id" not in command]
    assert backhaul(*first.split()).exit_code == 0


def test_an_order_is_replayed_or_dismissed_and_a_missed_one_only_dismissed(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_held_order(ledger)
    assert [words(command) for command in steps(backhaul, ledger)] == ["replay order --apply", "--dismiss"]
    with ledger.write() as tx:
        reviews(tx)[0].reason = "acceptance_missed"
    assert [words(command) for command in steps(backhaul, ledger)] == ["--dismiss"]


def test_units_that_may_be_on_sale_are_done_replayed_or_sent_again(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_movement(ledger, reason="stock_master_unclear")
    expected = ["--done", "replay stock --apply", "--send-again", "--dismiss"]
    assert [words(command) for command in steps(backhaul, ledger)] == expected


def test_a_refund_above_its_limit_is_approved_or_dismissed_and_a_resolved_case_has_no_steps(
    backhaul: Backhaul, ledger: Ledger
) -> None:
    cases.a_refund(ledger, reason="refund_above_limit")
    assert [words(command) for command in steps(backhaul, ledger)] == ["--approve", "--dismiss"]
    with ledger.write() as tx:
        reviews(tx)[0].state = "resolved"
    with ledger.read() as tx:
        (review,) = reviews(tx, state=None)
    assert json.loads(backhaul("review", "show", review.id, "--json").stdout)["next_steps"] == []
