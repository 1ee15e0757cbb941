"""A report from what stands in the ledger, on both databases."""

from __future__ import annotations

from integration.domain.reconciliation import Reconciled
from integration.domain.settlement_scope import InCycle, Scope
from integration.ledger.store import Ledger
from integration.ledger.tables import RefundRow
from integration.usecases.reconcile import reconcile
from tests.unit.reconciliation.account_examples import DECEMBER, NOVEMBER, money
from tests.unit.reconciliation.ledger_rows import a_cycle_row, a_row, add_refund, billed, store


def reconciled(ledger: Ledger, scope: Scope = NOVEMBER) -> dict[str | None, Reconciled]:
    with ledger.read() as tx:
        return {refund.refund.mirakl_refund_id: refund for refund in reconcile(tx, scope).refunds}


def test_a_refund_confirmed_by_hand_is_held_against_its_amounts(ledger: Ledger) -> None:
    add_refund(ledger, "77")
    store(ledger, billed())
    refund = reconciled(ledger)["77"]
    assert (refund.verdict, refund.refunded, refund.refund.sku) == ("matched", money("25.00"), None)


def test_a_refund_of_others_that_an_order_showed_is_known_before_the_account_shows_it(ledger: Ledger) -> None:
    others = add_refund(ledger, "88", ours=False)
    refund = reconciled(ledger)["88"]
    assert (refund.verdict, refund.refund.refund_id) == ("on_mirakl_but_not_ours", str(others))
    assert (refund.refunded, refund.settled) == (money("25.00"), money("0"))


def test_the_currency_of_a_refund_of_others_may_be_told_by_the_account_alone(ledger: Ledger) -> None:
    add_refund(ledger, "88", ours=False)
    with ledger.write() as tx:
        tx.session.query(RefundRow).update({"currency": None})
    store(ledger, billed(refund_id="88"))
    assert reconciled(ledger)["88"].refund.currency == "GBP"


def test_a_month_has_what_is_made_in_it_and_knows_what_else_it_settles(ledger: Ledger) -> None:
    add_refund(ledger, "77")
    store(ledger, billed(at=DECEMBER.start), cycle_rows=[a_cycle_row(date_created=DECEMBER.start)])
    assert list(reconciled(ledger)) == ["77"]
    with ledger.read() as tx:
        december = reconcile(tx, DECEMBER)
    assert december.refunds == ()
    assert [refund.refund.mirakl_refund_id for refund in december.considered] == ["77"]
    assert [payout.cycle.id for payout in december.payouts] == ["C-1"]


def test_a_cycle_may_be_known_from_its_lines_alone(ledger: Ledger) -> None:
    add_refund(ledger, "77")
    store(ledger, billed(), a_row("T-2", refund_id="88"))
    with ledger.read() as tx:
        report = reconcile(tx, InCycle("C-1"))
    assert [refund.refund.mirakl_refund_id for refund in report.refunds] == ["77"]
    assert [(payout.cycle.id, payout.unexplained) for payout in report.payouts] == [("C-1", None)]
    assert report.payout_reference(report.refunds[0]) is None
    assert report.account_read_until is None
