"""What cannot be taken over of the seller's account is a case of its own; everything else is stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from integration.ledger.marks import watermark
from integration.ledger.reviews import reviews
from integration.ledger.tables import CycleRow, DocumentRow, TransactionRow
from integration.mirakl.wire import Invoice
from integration.usecases import ingest_transactions as ingesting
from integration.usecases.ingest_cycles import ingest_cycles
from integration.usecases.ingest_transactions import ingest_transactions
from integration.usecases.next_steps import next_steps
from integration.usecases.ports import Ports
from integration.wire import Misfit
from tests.servers import wait_until
from tests.unit.reconciliation.account_examples import MADE
from tests.unit.reconciliation.fake_account import FakeAccount, a_cycle, a_line

FleetOf = Callable[..., tuple[Ports, FakeAccount]]


def inbox(ports: Ports) -> dict[str, str]:
    """What waits for a person: reason by subject."""
    with ports.ledger.read() as tx:
        return {review.subject: review.reason for review in reviews(tx)}


def stored(ports: Ports, column: Any) -> set[str]:
    with ports.ledger.read() as tx:
        return set(tx.session.scalars(select(column)))


BENT: list[dict[str, Any]] = [
    {"amount": Decimal("123456789012345")},
    {"amount": Decimal("0.1234567")},
    {"amount": Decimal("1E+90")},
    {"amount": None},
    {"amount": None, "amount_credited": Decimal("1E+40"), "amount_debited": Decimal("0.01")},
    {"currency_iso_code": "POUND"},
    {"currency_iso_code": None},
    {"last_updated": None, "date_created": None},
    {"type": None},
    {"type": "T" * 256},
    {"payment_state": "P" * 41},
    {"order_id": "O\x00"},
    {"order_id": "O\ud800"},
    {"id": "I" * 300},
]


def test_a_line_that_does_not_fit_is_a_case_and_keeps_no_other_from_being_stored(
    fleet_of: FleetOf, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """M11: the same on both databases; the watermark goes on, since the misfit is recorded."""
    ports, account = fleet_of(database_url=database_url)
    account.page_size = 100
    updated = MADE
    lines = [a_line(number, updated=updated) for number in range(len(BENT) + 2)]
    bent = [line.model_copy(update=facts) for line, facts in zip(lines[1:-1], BENT, strict=True)]
    account.lines, account.misfits = [lines[0], *bent, lines[-1]], [Misfit("T-odd", "amount (decimal_type)")]
    outcome = ingest_transactions(ports)
    assert outcome.lacking
    assert f"{len(BENT) + 1} line(s)" in outcome.words
    assert stored(ports, TransactionRow.transaction_id) == {lines[0].id, lines[-1].id}
    cases = inbox(ports)
    assert set(cases.values()) == {"unreadable_transaction"}
    assert cases.keys() >= {"T-odd", *(line.id for line in bent[:-1])}
    assert len(cases) == len(BENT) + 1
    with ports.ledger.read() as tx:
        assert watermark(tx, "TL02") is not None
        assert [step.command.split()[-3] for review in reviews(tx)[:1] for step in next_steps(review)] == ["--dismiss"]
    told = [record for record in caplog.records if "alert" in record.__dict__]
    assert len(told) == 1, "one alert for all of a page"
    ingest_transactions(ports, at_once=True)
    assert len(inbox(ports)) == len(BENT) + 1


def test_a_case_closes_when_the_line_fits_and_a_dismissed_one_stays_closed(fleet_of: FleetOf) -> None:
    """M11: Mirakl mends a line, with a new date or without one; what a person has put aside does not come back."""
    ports, account = fleet_of()
    with ports.ledger.read() as tx:
        old = tx.now - timedelta(days=30)
    good = [a_line(number, updated=old + timedelta(days=number)) for number in range(4)]
    account.lines = [good[0], good[1].model_copy(update={"amount": None}), *good[2:]]
    ingest_transactions(ports)
    assert inbox(ports) == {good[1].id: "unreadable_transaction"}
    account.lines = good
    assert ingest_transactions(ports, at_once=True).words == "read to the end"
    assert account.asked_from[1] < old + timedelta(days=1), "read again from before the line, once a day"
    assert inbox(ports) == {}
    assert len(stored(ports, TransactionRow.transaction_id)) == 4
    ingest_transactions(ports, at_once=True)
    assert account.asked_from[2] > old + timedelta(days=3)


def test_what_is_read_again_does_not_hold_up_what_is_new(fleet_of: FleetOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """M11: reading from the misfit on costs pages, so it happens once a day and not with every pass."""
    monkeypatch.setattr(ingesting, "READ_AGAIN", 1e9)
    ports, account = fleet_of()
    with ports.ledger.read() as tx:
        old = tx.now - timedelta(days=30)
    account.lines = [a_line(1, updated=old), a_line(2, updated=old + timedelta(days=1), amount=None)]
    for _ in range(3):
        ingest_transactions(ports, at_once=True)
    assert [asked < old for asked in account.asked_from] == [True, True, False]


def test_a_cycle_or_a_document_that_does_not_fit_is_a_case_until_it_does(fleet_of: FleetOf, database_url: str) -> None:
    """M11: SBC11 and IV01, as TL02. They are read again the next day, though nothing else is lacking."""
    ports, account = fleet_of(scale=1e-6, database_url=database_url)
    account.lines = [a_line(1, updated=MADE, seller_billing_cycle_id="C-1")]
    ingest_transactions(ports)
    huge = Decimal("123456789012345")
    account.cycles = [a_cycle("C-1"), a_cycle("C-2", amount_transferred_to_seller=huge)]
    documents = [Invoice(invoice_id="9", date_created=MADE), Invoice(invoice_id="10", total_amount_incl_taxes=huge)]
    account.documents = documents
    assert all(outcome.lacking for outcome in ingest_cycles(ports).values())
    assert stored(ports, CycleRow.cycle_id) == {"C-1"}
    assert stored(ports, DocumentRow.invoice_id) == {"9"}
    assert inbox(ports) == {"C-2": "unreadable_cycle", "10": "unreadable_document"}
    account.documents = [documents[0], Invoice(invoice_id="10")]
    account.cycles = [a_cycle("C-1"), a_cycle("C-2")]

    def nothing_waits() -> bool:
        ingest_cycles(ports)
        return inbox(ports) == {}

    wait_until(nothing_waits)
