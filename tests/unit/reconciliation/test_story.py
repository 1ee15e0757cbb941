"""A month on the sandbox, from the refunds to the payout that settled them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from integration.domain.settlement_report import accruals, commission_back
from integration.domain.settlement_scope import InCycle
from integration.ledger import intents
from integration.ledger.refunds import refunds
from integration.ledger.reviews import close_review, reviews
from integration.ledger.tables import RefundRow
from integration.usecases.refresh_account import refresh_account
from integration.usecases.review_differences import put_into_inbox, review_differences
from tests.unit.reconciliation.story import Story, a_story

UNIT = Decimal("25.00")


BOTH_TAX_MODES = pytest.mark.parametrize(
    "story", [("TAX_INCLUDED", "sqlite_url"), ("TAX_EXCLUDED", "postgres_url")], indirect=True, ids=lambda told: told[0]
)
"""And both databases."""


@pytest.fixture
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Story]:
    tax_mode, database = getattr(request, "param", ("TAX_INCLUDED", "sqlite_url"))
    with a_story(tmp_path, request.getfixturevalue(database), tax_mode=tax_mode) as told:
        yield told


@BOTH_TAX_MODES
def test_every_refund_gets_the_verdict_of_its_fate(story: Story) -> None:
    assert refresh_account(story.fleet.ports) == []
    before = {**dict.fromkeys(("matched", "amount", "commission", "gone"), "not_yet_in_a_cycle")}
    assert story.verdicts() == {**before, "others": "on_mirakl_but_not_ours"}
    (accrual,) = accruals(story.report())
    assert accrual.refunded == 4 * UNIT + story.refund("others").refunded

    story.change_fates()
    cycle_id = story.sandbox.close_billing_cycle(reference="BANK-7")
    assert refresh_account(story.fleet.ports) == []
    assert story.verdicts() == {
        "matched": "matched",
        "amount": "amount_differs",
        "commission": "commission_differs",
        "gone": "ours_but_not_on_mirakl",
        "others": "on_mirakl_but_not_ours",
    }
    matched = story.refund("matched")
    assert (matched.refunded, matched.settled, matched.cycle_ids) == (UNIT, UNIT, (cycle_id,))
    assert story.report().payout_reference(matched) == "BANK-7"
    differs = story.refund("amount")
    assert (differs.refunded, differs.settled) == (UNIT, UNIT + 1)


def test_a_refund_that_vanished_before_the_account_was_read_is_not_on_mirakl(story: Story) -> None:
    story.change_fates()
    story.sandbox.close_billing_cycle()
    assert refresh_account(story.fleet.ports) == []
    assert story.refund("gone").verdict == "ours_but_not_on_mirakl"
    assert accruals(story.report()) == []


@BOTH_TAX_MODES
def test_a_payout_is_proved_by_its_lines(story: Story) -> None:
    cycle_id = story.sandbox.close_billing_cycle(reference="BANK-7")
    refresh_account(story.fleet.ports)
    report = story.report(InCycle(cycle_id))
    assert {refund.refund.mirakl_refund_id for refund in report.refunds} == set(story.refund_ids.values())
    (payout,) = report.payouts
    assert payout.unexplained == 0
    assert payout.parts["refunds"] == -sum(refund.refunded for refund in report.refunds)
    assert [document.cycle_id for document in report.documents] == [cycle_id]
    (back,) = commission_back(report.refunds)
    assert (back.refunds, back.expected, back.differing) == (4, back.given_back, 0)


def test_differences_reach_the_inbox_once_and_leave_it_when_they_are_gone(story: Story) -> None:
    story.change_fates()
    story.sandbox.close_billing_cycle()
    refresh_account(story.fleet.ports)
    assert review_differences(story.fleet.ports) == "5 refunds held against the account, 3 new differences"
    expected = {
        "amount": ("amount_differs", "open"),
        "commission": ("commission_differs", "open"),
        "gone": ("ours_but_not_on_mirakl", "open"),
    }
    assert story.inbox() == expected
    assert review_differences(story.fleet.ports) == "not due"
    story.sandbox.alter_transaction(story.refund_ids["amount"], "REFUND_ORDER_AMOUNT", by="1.00")
    refresh_account(story.fleet.ports)
    considered = story.report().considered
    with story.fleet.ports.ledger.write() as tx:
        assert put_into_inbox(tx, considered) == 0
    assert story.inbox() == {**expected, "amount": ("amount_differs", "resolved")}


def test_a_difference_that_a_person_closed_is_not_opened_again_unless_it_changes(story: Story) -> None:
    story.sandbox.alter_transaction(story.refund_ids["amount"], "REFUND_ORDER_AMOUNT", by="-1.00")
    story.sandbox.close_billing_cycle()
    refresh_account(story.fleet.ports)

    def reviewed() -> int:
        considered = story.report().considered
        with story.fleet.ports.ledger.write() as tx:
            return put_into_inbox(tx, considered)

    assert reviewed() == 1
    with story.fleet.ports.ledger.write() as tx:
        (review,) = reviews(tx)
        close_review(tx, review, resolution="the operator will credit it")
    assert reviewed() == 0
    story.sandbox.alter_transaction(story.refund_ids["amount"], "REFUND_ORDER_AMOUNT", by="-1.00")
    refresh_account(story.fleet.ports)
    assert reviewed() == 1


def test_a_refund_of_others_is_a_case_where_the_shopper_may_have_been_paid_twice(story: Story) -> None:
    twice = story.sandbox.refund_externally("matched-1", amount="20.00")
    refresh_account(story.fleet.ports)
    assert review_differences(story.fleet.ports).endswith("1 new differences")
    assert story.inbox() == {"matched": ("on_mirakl_but_not_ours", "open")}
    with story.fleet.ports.ledger.read() as tx:
        (review,) = reviews(tx)
    assert twice in review.detail
    assert review.evidence["mirakl_refund_id"] == twice
    with story.fleet.ports.ledger.write() as tx:
        assert put_into_inbox(tx, story.report().considered) == 0


def test_a_stranger_that_stands_alone_after_all_is_no_case_any_more(story: Story) -> None:
    """M14: ours was sent and not made, or the stranger was ours: nobody was paid twice; the case closes itself."""
    twice = story.sandbox.refund_externally("matched-1", amount="20.00")
    refresh_account(story.fleet.ports)

    def reviewed(**ours: object) -> tuple[int, list[str | None]]:
        with story.fleet.ports.ledger.write() as tx:
            (refund,) = [one for one in refunds(tx) if one.row.order_id == "matched" and one.intent is not None]
            assert refund.intent is not None
            for name, value in ours.items():
                setattr(refund.intent if name in ("state", "absences") else refund.row, name, value)
            tx.session.flush()
        considered = story.report().considered
        with story.fleet.ports.ledger.write() as tx:
            return put_into_inbox(tx, considered), [one.resolution for one in reviews(tx, state=None)]

    made = story.refund_ids["matched"]
    assert reviewed() == (1, [None])
    alone = "Mirakl has made no refund of ours on order line matched-1"
    assert reviewed(state="held", absences=2, mirakl_refund_id=None) == (0, [alone])
    assert reviewed(state="confirmed", mirakl_refund_id=made) == (1, [alone, None])
    with story.fleet.ports.ledger.write() as tx:
        intent, _ = intents.decide(tx, "push_refund", "R/matched-1/2")
        intents.close(tx, intent, "confirmed", reason="confirmed_by_hand")
        facts = {"order_id": "matched", "order_line_id": "matched-1", "quantity": 1, "currency": "GBP", "looks": 0}
        (known,) = [one.row for one in refunds(tx) if one.row.mirakl_refund_id == made]
        ours = RefundRow(
            id=intent.id, shop=tx.shop, intent_id=intent.id, amount=Decimal(20), shipping_amount=Decimal(0),
            mirakl_refund_id=twice, calculation=known.calculation, created_at=tx.now, confirmed_at=tx.now, **facts,
        )  # fmt: skip
        tx.session.add(ours)
    with story.fleet.ports.ledger.write() as tx:
        put_into_inbox(tx, story.report().considered)
        assert reviews(tx, state=None)[1].resolution == f"it turned out to be our refund {intent.id}"


def test_while_one_of_ours_is_unknown_a_stranger_beside_it_may_be_it(story: Story) -> None:
    story.sandbox.refund_externally("matched-1", amount="20.00")
    refresh_account(story.fleet.ports)
    with story.fleet.ports.ledger.write() as tx:
        ours = next(refund for refund in refunds(tx) if refund.row.order_id == "matched")
        assert ours.intent is not None
        ours.intent.state = "unknown"
    with story.fleet.ports.ledger.write() as tx:
        assert put_into_inbox(tx, story.report().considered) == 0
