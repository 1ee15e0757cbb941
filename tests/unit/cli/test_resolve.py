"""`review resolve`: a person's word, audited."""

from __future__ import annotations

import json
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from integration.ledger import intents
from integration.ledger.journal import journal_of
from integration.ledger.refunds import get_refund
from integration.ledger.reviews import get_review, open_review, reviews
from integration.ledger.store import Ledger
from integration.ledger.tables import RefundRow
from integration.sandbox import SandboxClient
from tests.inline_fleet import InlineFleet
from tests.unit.cli import cases, stories
from tests.unit.cli.conftest import Backhaul

PUSH = ("push_refund", "R-1/O-1-1/1")


def review_id(ledger: Ledger) -> str:
    with ledger.read() as tx:
        return str(reviews(tx)[0].id)


def resolved(backhaul: Backhaul, ledger: Ledger, *words: str) -> str:
    result = backhaul("review", "resolve", review_id(ledger), *words, "--note", "looked it up")
    assert result.exit_code == 0, result.output
    return result.stdout


def refusal(backhaul: Backhaul, ledger: Ledger, *words: str) -> str:
    before = review_id(ledger)
    result = backhaul("review", "resolve", before, *words, "--note", "looked it up")
    assert result.exit_code == 1, result.output
    assert review_id(ledger) == before
    return result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--note", "why"],
        ["--note", "why", "--done", "--dismiss"],
        ["--note", "why", "--send-again", "--refund-id", "7"],
        ["--note", " ", "--dismiss"],
        ["--dismiss"],
    ],
)
def test_one_word_and_a_note_are_needed(backhaul: Backhaul, ledger: Ledger, words: list[str]) -> None:
    cases.a_refund(ledger)
    assert backhaul("review", "resolve", review_id(ledger), *words).exit_code == 2


def test_a_case_that_does_not_exist_or_is_resolved_is_nothing(backhaul: Backhaul, ledger: Ledger) -> None:
    words = ("--dismiss", "--note", "why")
    assert backhaul("review", "resolve", "7d0f2a3c-1e1b-4a37-9f6a-6a2b1c0d9e11", *words).exit_code == 1
    cases.a_refund(ledger)
    resolved_id = review_id(ledger)
    assert backhaul("review", "resolve", resolved_id, *words).exit_code == 0
    again = backhaul("review", "resolve", resolved_id, *words)
    assert (again.exit_code, "was resolved by cli:ada (dismiss: why)" in again.stderr) == (1, True)


def test_the_word_the_person_and_the_note_are_kept(backhaul: Backhaul, ledger: Ledger) -> None:
    refund_id = cases.a_refund(ledger)
    opened = review_id(ledger)
    result = backhaul("review", "resolve", opened, "--dismiss", "--note", "Reveni paid it", "--json")
    assert json.loads(result.stdout)["state"] == "resolved"
    with ledger.read() as tx:
        review, journal = get_review(tx, UUID(opened)), journal_of(tx, refund_id)
    assert review is not None
    assert (review.resolved_by, review.resolution) == ("cli:ada", "dismiss: Reveni paid it")
    assert (journal[-1].who, journal[-1].evidence) == (
        "cli:ada", {"review_id": opened, "word": "dismiss", "note": "Reveni paid it", "by": "cli:ada"},
    )  # fmt: skip


def test_a_refund_that_is_sent_again_forgets_its_sendings(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_refund(ledger, reason="unknown_outcome", sends=2)
    assert "sent within a minute" in resolved(backhaul, ledger, "--send-again")
    assert cases.state_of(ledger, *PUSH) == ("decided", 0)


def test_a_refund_that_is_not_due_is_dropped_and_its_return_goes_on(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_return(ledger, mirakl_state="RECEIVED", reveni_return_id="4e26")
    cases.map_lines(ledger)
    cases.a_refund(ledger)
    assert "nothing is sent" in resolved(backhaul, ledger, "--dismiss")
    assert cases.state_of(ledger, *PUSH)[0] == "dropped"


def test_done_needs_the_refund_that_it_is(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_refund(ledger)
    assert "--refund-id" in refusal(backhaul, ledger, "--done")


def test_a_refund_id_is_for_refunds_only(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_held_order(ledger)
    assert "takes no refund id" in refusal(backhaul, ledger, "--done", "--refund-id", "7")


def test_a_refund_that_went_on_meanwhile_is_left_alone(backhaul: Backhaul, ledger: Ledger) -> None:
    refund_id = cases.a_refund(ledger, reason="unknown_outcome")
    with ledger.write() as tx:
        intent = intents.get(tx, refund_id)
        assert intent is not None
        intents.reopen(tx, intent, reason="replayed")
    assert "not held any more" in refusal(backhaul, ledger, "--send-again")


def test_the_refund_that_it_is_on_mirakl_is_taken_for_ours(
    backhaul: Backhaul, fleet: InlineFleet, sandbox: SandboxClient
) -> None:
    refund_id = UUID(stories.a_held_refund(fleet, sandbox))
    ledger = fleet.ports.ledger
    external = next(refund for refund in stories.refunds_of(fleet) if refund.state == "external")
    on_mirakl = external.row.mirakl_refund_id or ""
    told = resolved(backhaul, ledger, "--done", "--refund-id", on_mirakl)
    assert f"is refund {on_mirakl} on Mirakl" in told
    with ledger.read() as tx:
        refund, [*_, last] = get_refund(tx, refund_id), journal_of(tx, refund_id)
        assert reviews(tx) == []
    assert refund is not None
    assert refund.state in ("confirmed", "refunded")
    assert (refund.row.amount, refund.row.currency, refund.row.mirakl_refund_id) == (Decimal(45), "GBP", on_mirakl)
    assert last.evidence["on_mirakl"]["amount"] == "45.00"
    assert [known.row.id for known in stories.refunds_of(fleet)] == [refund_id]


def test_a_refund_that_mirakl_does_not_show_is_not_taken(
    backhaul: Backhaul, fleet: InlineFleet, sandbox: SandboxClient
) -> None:
    stories.a_held_refund(fleet, sandbox)
    assert "shows no refund 999" in refusal(backhaul, fleet.ports.ledger, "--done", "--refund-id", "999")


def test_a_refund_that_is_another_one_of_ours_is_not_taken(
    backhaul: Backhaul, fleet: InlineFleet, sandbox: SandboxClient
) -> None:
    stories.a_confirmed_refund(fleet, sandbox)
    [ours] = stories.refunds_of(fleet)
    cases.a_return(fleet.ports.ledger)
    other = cases.a_refund(fleet.ports.ledger)
    with fleet.ports.ledger.write() as tx:
        row = get_refund(tx, other)
        assert row is not None
        row.row.order_id, row.row.order_line_id = ours.row.order_id, ours.row.order_line_id
    told = refusal(backhaul, fleet.ports.ledger, "--done", "--refund-id", ours.row.mirakl_refund_id or "")
    assert f"is refund {ours.row.id} already" in told


def test_a_case_whose_refund_is_gone_is_refused(backhaul: Backhaul, ledger: Ledger) -> None:
    with ledger.write() as tx:
        open_review(tx, kind="refund", subject=str(uuid4()), reason="unknown_outcome", detail="look")
    assert "There is no refund" in refusal(backhaul, ledger, "--done", "--refund-id", "7")
    assert "not held any more" in refusal(backhaul, ledger, "--send-again")


def test_a_mirakl_that_cannot_be_asked_changes_nothing(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_refund(ledger)
    assert "OR11" in refusal(backhaul, ledger, "--done", "--refund-id", "7")


def above_limit(ledger: Ledger) -> UUID:
    """25.00 GBP, held since the limit is 20.00."""
    cases.a_refund(ledger, state="confirmed")
    with ledger.write() as tx:
        intent, _ = intents.decide(tx, "push_refund", "R-1/O-1-1/2")
        tx.session.flush()
        claimed = intents.claim(tx, intent.id, lease=60)
        assert claimed is not None
        facts = {"total": "25.00", "currency": "GBP"}
        intents.settle(tx, claimed, "held", reason="refund_above_limit", evidence=facts)
        tx.session.add(
            RefundRow(
                id=intent.id, shop=tx.shop, intent_id=intent.id, return_id="R-1", order_id="O-1",
                order_line_id="O-1-1", cumulative_units=2, quantity=1, created_at=tx.now, looks=0,
            )
        )  # fmt: skip
        open_review(tx, kind="refund", subject=str(intent.id), reason="refund_above_limit", detail="25.00 GBP")
        return intent.id


def test_a_refund_above_its_limit_is_released_in_the_name_of_who_decided(backhaul: Backhaul, ledger: Ledger) -> None:
    refund_id = above_limit(ledger)
    assert "--approve releases it" in refusal(backhaul, ledger, "--send-again")
    opened = review_id(ledger)
    result = backhaul("review", "resolve", opened, "--approve", "--by", "grace")
    assert (result.exit_code, "may come to 25.00 GBP" in result.stdout) == (0, True)
    with ledger.read() as tx:
        review, [*_, last] = get_review(tx, UUID(opened)), journal_of(tx, refund_id)
    assert review is not None
    assert (review.resolved_by, review.resolution) == ("cli:ada", "approve")
    assert (last.who, last.to_state, last.evidence["by"]) == ("cli:ada", "decided", "grace")
    assert last.evidence["approved"] == {"total": "25.00", "currency": "GBP"}
    explained = backhaul("refunds", "explain", refund_id).stdout
    assert (
        "Approved for all refunds of its return together: total 25.00, currency GBP, by grace, who cli:ada, at "
        in explained
    )


def test_only_a_refund_above_its_limit_can_be_approved(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_refund(ledger)
    assert "only refund_above_limit can be approved" in refusal(backhaul, ledger, "--approve")


def test_an_order_cannot_be_approved(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_held_order(ledger)
    assert "nothing to approve" in refusal(backhaul, ledger, "--approve")


def test_units_that_are_on_sale_are_done(backhaul: Backhaul, ledger: Ledger) -> None:
    movement_id = cases.a_movement(ledger)
    assert "are on sale" in resolved(backhaul, ledger, "--done")
    movement = cases.movement_of(ledger, movement_id)
    assert (movement.state, movement.done_at is None) == ("done", False)


def test_units_that_are_to_be_sent_are_pending_without_a_look_back(
    backhaul: Backhaul, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"STORE_HASH": "hash", "TOKEN": "token", "LOCATION_ID": "1"}.items():
        monkeypatch.setenv(f"BIGCOMMERCE_{name}", value)
    movement_id = cases.a_movement(ledger, reason="stock_master_unclear")
    with ledger.write() as tx:
        cases.hold(tx, "adjust_stock_master", movement_id, "stock_master_unclear", sends=1)
    resolved(backhaul, ledger, "--send-again")
    assert cases.movement_of(ledger, movement_id).state == "pending"
    assert cases.state_of(ledger, "adjust_stock_master", movement_id) == ("decided", 0)


def test_units_that_stay_off_sale_are_excluded(backhaul: Backhaul, ledger: Ledger) -> None:
    movement_id = cases.a_movement(ledger)
    with ledger.write() as tx:
        cases.hold(tx, "await_stock_master", movement_id, "stock_master_unclear")
    assert "stay off sale at sellable" in resolved(backhaul, ledger, "--dismiss")
    assert cases.movement_of(ledger, movement_id).state == "excluded"
    assert cases.state_of(ledger, "await_stock_master", movement_id)[0] == "dropped"


def test_a_movement_that_went_on_meanwhile_is_left_alone(backhaul: Backhaul, ledger: Ledger) -> None:
    movement_id = cases.a_movement(ledger)
    with ledger.write() as tx:
        row = tx.session.merge(cases.movement_of(ledger, movement_id))
        row.state = "pending"
    assert "not held any more" in refusal(backhaul, ledger, "--done")


@pytest.mark.parametrize("word", ["--done", "--dismiss"])
def test_a_closed_case_of_a_return_leaves_the_return_held(backhaul: Backhaul, ledger: Ledger, word: str) -> None:
    cases.a_return(ledger, held_reason="unmapped_return_reason")
    assert "stays held" in resolved(backhaul, ledger, word)
    assert json.loads(backhaul("returns", "show", "R-1", "--json").stdout)["state"] == "held"


def test_an_order_or_a_return_is_taken_up_by_a_replay(backhaul: Backhaul, ledger: Ledger) -> None:
    cases.a_held_order(ledger)
    assert "backhaul replay order O-1" in refusal(backhaul, ledger, "--send-again")


@pytest.mark.parametrize("word", ["--done", "--dismiss"])
@pytest.mark.parametrize("reason", ["amount_differs", "refund_changed_on_mirakl"])
def test_what_mirakl_says_otherwise_afterwards_is_closed_when_it_is_settled(
    backhaul: Backhaul, ledger: Ledger, word: str, reason: str
) -> None:
    refund_id = cases.a_refund(ledger, state="confirmed")
    with ledger.write() as tx:
        open_review(tx, kind="refund", subject=str(refund_id), reason=reason, detail="0.50 less")
    assert "takes no refund id" in refusal(backhaul, ledger, "--done", "--refund-id", "1113")
    assert "is not sent again" in refusal(backhaul, ledger, "--send-again")
    assert "Closed." in resolved(backhaul, ledger, word)
    assert cases.state_of(ledger, *PUSH) == ("confirmed", 0)
