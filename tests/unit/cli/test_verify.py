"""`refunds explain --verify` and `refunds verify`: what was edited in the ledger shows, and where."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from integration.ledger.journal import journal_of
from integration.ledger.refunds import get_refund
from integration.ledger.reviews import reviews
from integration.ledger.store import Ledger
from integration.ledger.tables import ChainHeadRow, JournalEntry, RefundRow
from integration.sandbox import SandboxClient
from tests.inline_fleet import InlineFleet
from tests.unit.cli import cases, stories
from tests.unit.cli.conftest import Backhaul

Deed = Callable[[Ledger, UUID], None]


def verification(backhaul: Backhaul, refund_id: object, *, exit_code: int) -> dict[str, Any]:
    result = backhaul("refunds", "explain", refund_id, "--verify", "--json")
    assert result.exit_code == exit_code, result.output
    found: dict[str, Any] = json.loads(result.stdout)["verification"]
    return found


def entries(ledger: Ledger, refund_id: UUID) -> list[JournalEntry]:
    with ledger.read() as tx:
        return journal_of(tx, refund_id)


def change_entry(ledger: Ledger, entry: JournalEntry, **values: object) -> None:
    with ledger.write() as tx:
        tx.session.execute(update(JournalEntry).where(JournalEntry.id == entry.id).values(**values))


def change_row(ledger: Ledger, refund_id: UUID, **values: object) -> None:
    with ledger.write() as tx:
        tx.session.execute(update(RefundRow).where(RefundRow.id == refund_id).values(**values))


def rewrite(ledger: Ledger, refund_id: UUID, name: str, rewritten: Callable[[Any], Any]) -> None:
    """Change one fact in the newest evidence that holds it."""
    entry = next(one for one in reversed(entries(ledger, refund_id)) if name in one.evidence)
    change_entry(ledger, entry, evidence={**entry.evidence, name: rewritten(entry.evidence[name])})


def raise_amount(calculation: dict[str, Any]) -> dict[str, Any]:
    return {**calculation, "asked": {**calculation["asked"], "amount": "45.00"}}


def edit_evidence(ledger: Ledger, refund_id: UUID) -> None:
    rewrite(ledger, refund_id, "calculation", raise_amount)


def spoil_evidence(ledger: Ledger, refund_id: UUID) -> None:
    rewrite(ledger, refund_id, "calculation", lambda _calculation: {"asked": "nothing"})


def edit_answer(ledger: Ledger, refund_id: UUID) -> None:
    rewrite(ledger, refund_id, "answered", lambda answered: {**answered, "amount": "45.00"})


def edit_row(ledger: Ledger, refund_id: UUID) -> None:
    with ledger.write() as tx:
        refund = get_refund(tx, refund_id)
        assert refund is not None
        refund.row.amount, refund.row.calculation = refund.row.shipping_amount, {}


def edit_state(ledger: Ledger, refund_id: UUID) -> None:
    with ledger.write() as tx:
        refund = get_refund(tx, refund_id)
        assert refund is not None
        assert refund.intent is not None
        refund.intent.state = "dropped"


def remove_entry(ledger: Ledger, refund_id: UUID) -> None:
    with ledger.write() as tx:
        tx.session.execute(delete(JournalEntry).where(JournalEntry.id == entries(ledger, refund_id)[1].id))


def remove_seal(ledger: Ledger, refund_id: UUID) -> None:
    change_entry(ledger, entries(ledger, refund_id)[1], link=None, hash=None)


def replace_newest(ledger: Ledger, refund_id: UUID) -> None:
    change_entry(ledger, entries(ledger, refund_id)[-1], hash="0" * 64)


def cut_head(ledger: Ledger, _refund_id: UUID) -> None:
    with ledger.write() as tx:
        tx.session.execute(update(ChainHeadRow).values(hash="0" * 64))


DEEDS: dict[Deed, str] = {
    edit_evidence: "amount: 25.00 by the evidence, 45.00 was asked for",
    spoil_evidence: "the calculation in the evidence cannot be read",
    edit_answer: "amount: asked for 25.00, answered for 45.00",
    edit_row: "the calculation in the refund's row is not the one in the evidence",
    edit_state: "the ledger says dropped, the evidence ends with confirmed",
    remove_entry: "entry 2 of the chain is missing",
    remove_seal: "an entry of its evidence is missing, or carries no seal",
    replace_newest: "entry 4 of the chain is not what was sealed",
    cut_head: "what follows entry 4 of the chain does not follow from it",
}
IN_THE_CHAIN = {edit_evidence, spoil_evidence, edit_answer, remove_entry, remove_seal, replace_newest, cut_head}


@pytest.fixture
def refund_id(fleet: InlineFleet, sandbox: SandboxClient) -> UUID:
    """25.00 GBP, confirmed."""
    return UUID(stories.a_confirmed_refund(fleet, sandbox))


def test_a_refund_is_worked_out_again_from_its_evidence(backhaul: Backhaul, refund_id: UUID) -> None:
    assert verification(backhaul, refund_id, exit_code=0) == {"verified": True, "entries": 4, "problems": []}
    told = backhaul("refunds", "explain", refund_id, "--verify")
    assert "Verified: worked out again from its evidence alone" in told.stdout.splitlines()[-1]


@pytest.mark.parametrize("deed", DEEDS)
def test_whatever_was_edited_is_told(backhaul: Backhaul, fleet: InlineFleet, refund_id: UUID, deed: Deed) -> None:
    deed(fleet.ports.ledger, refund_id)
    problems = verification(backhaul, refund_id, exit_code=1)["problems"]
    assert any(problem.startswith(DEEDS[deed]) for problem in problems), problems
    told = backhaul("refunds", "explain", refund_id, "--verify")
    assert (told.exit_code, "NOT VERIFIED" in told.stdout) == (1, True)
    assert backhaul("refunds", "verify").exit_code == (1 if deed in IN_THE_CHAIN else 0)


def test_a_refund_that_a_person_named_is_verified_by_what_mirakl_showed_then(
    backhaul: Backhaul, fleet: InlineFleet, sandbox: SandboxClient
) -> None:
    refund_id = UUID(stories.a_held_refund(fleet, sandbox))
    external = next(one.row.mirakl_refund_id for one in stories.refunds_of(fleet) if one.state == "external")
    with fleet.ports.ledger.read() as tx:
        review = reviews(tx)[0].id
    backhaul("review", "resolve", review, "--done", "--refund-id", external, "--note", "goodwill")
    assert verification(backhaul, refund_id, exit_code=0)["verified"]
    change_row(fleet.ports.ledger, refund_id, shipping_amount=None)
    assert verification(backhaul, refund_id, exit_code=1)["problems"]


def test_the_first_entry_that_was_changed_is_named(backhaul: Backhaul, ledger: Ledger) -> None:
    first = cases.a_refund(ledger)
    assert json.loads(backhaul("refunds", "verify", "--json").stdout)["broken"] is None
    change_entry(ledger, entries(ledger, first)[1], who="somebody else")
    result = backhaul("refunds", "verify", "--json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["verified"], report["entries"]) == (1, False, 1)
    assert (report["broken"]["entry"], report["broken"]["refund_id"]) == (2, str(first))
    told = backhaul("refunds", "verify").stdout
    assert f"It is about refund {first}" in told
    assert "Up to there, 1 entries hold." in told


def test_a_chain_that_ends_too_early_is_told(backhaul: Backhaul, ledger: Ledger) -> None:
    refund_id = cases.a_refund(ledger)
    with ledger.write() as tx:
        tx.session.execute(delete(JournalEntry).where(JournalEntry.id == entries(ledger, refund_id)[-1].id))
    told = backhaul("refunds", "verify")
    assert (told.exit_code, "the chain ends with entry 2, but 3 were sealed" in told.stdout) == (1, True)


def test_what_is_older_than_the_chain_is_said_to_be(backhaul: Backhaul, ledger: Ledger) -> None:
    with ledger.write() as tx:
        old = cases.hold(tx, "push_refund", "R-0/O-1-1/1", "exceeds_remaining")
    with ledger.write() as tx:
        tx.session.execute(update(JournalEntry).where(JournalEntry.intent_id == old.id).values(link=None, hash=None))
        tx.session.execute(delete(ChainHeadRow))
    refund_id = cases.a_refund(ledger)
    told = backhaul("refunds", "verify")
    assert (told.exit_code, "3 entries are from before there was a chain" in told.stdout) == (0, True)
    assert verification(backhaul, refund_id, exit_code=0)["verified"]


def test_a_ledger_without_refunds_is_verified(backhaul: Backhaul, ledger: Ledger) -> None:
    assert "Verified: 0 entries" in backhaul("refunds", "verify").stdout


def test_a_refund_that_was_not_worked_out_has_its_journal_alone(backhaul: Backhaul, ledger: Ledger) -> None:
    refund_id = cases.a_refund(ledger, asked=False, reason="order_closed")
    assert "Verified: no figures yet" in backhaul("refunds", "explain", refund_id, "--verify").stdout


def test_of_a_refund_by_others_there_is_nothing_to_verify(backhaul: Backhaul, ledger: Ledger) -> None:
    told = backhaul("refunds", "explain", cases.an_external_refund(ledger), "--verify")
    assert (told.exit_code, "made by others" in told.stderr) == (1, True)
