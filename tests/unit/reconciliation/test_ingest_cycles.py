"""Reading cycles and documents: once a day, and only when there is something to learn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from integration.errors import CredentialsRefused, Retryable
from integration.ledger.account_reads import refusals
from integration.ledger.accounts import cycles, documents_of
from integration.mirakl.wire import Invoice
from integration.usecases.ingest_cycles import ingest_cycles
from integration.usecases.ingest_transactions import CLOSED, Outcome, ingest_transactions
from integration.usecases.look_for_refunds import look_for_refunds
from integration.usecases.ports import Ports
from integration.usecases.refresh_account import refresh_account
from tests.unit.reconciliation.fake_account import FakeAccount, a_cycle, a_line, unreachable

FleetOf = Callable[..., tuple[Ports, FakeAccount]]
NOTHING = Outcome("nothing is lacking")
ONE = Outcome("1 seen")


def now_of(ports: Ports) -> datetime:
    with ports.ledger.read() as tx:
        return tx.now


def bill(ports: Ports, account: FakeAccount, cycle_id: str = "C-1", **facts: str) -> None:
    """The account shows a line in this cycle, and Mirakl shows the cycle and its document."""
    now = now_of(ports)
    account.lines = [*account.lines, a_line(len(account.lines), updated=now, seller_billing_cycle_id=cycle_id)]
    account.cycles = [a_cycle(cycle_id, date_created=now, **facts)]
    payment_state = "PAID" if facts.get("payout_state", "PAID") == "PAID" else "PENDING"
    account.documents = [Invoice(invoice_id=cycle_id, seller_billing_cycle_id=cycle_id, payment_state=payment_state)]
    ingest_transactions(ports, at_once=True)


def test_the_call_of_the_day_is_kept_until_a_cycle_is_lacking(fleet_of: FleetOf) -> None:
    ports, account = fleet_of(scale=1)
    assert ingest_cycles(ports) == {"SBC11": NOTHING, "IV01": NOTHING}
    bill(ports, account)
    assert ingest_cycles(ports) == {"SBC11": ONE, "IV01": ONE}
    with ports.ledger.read() as tx:
        assert [(cycle.id, cycle.payout_reference) for cycle in cycles(tx)] == [("C-1", "BANK-7")]
        assert [document.id for document in documents_of(tx, ["C-1"])] == ["C-1"]
    assert ingest_cycles(ports) == {"SBC11": NOTHING, "IV01": NOTHING}


def test_a_cycle_that_is_not_paid_is_read_again_when_a_day_is_over(fleet_of: FleetOf) -> None:
    ports, account = fleet_of(scale=1)
    bill(ports, account, payout_state="TO_PAY")
    assert ingest_cycles(ports) == {"SBC11": ONE, "IV01": ONE}
    assert ingest_cycles(ports) == {"SBC11": CLOSED, "IV01": CLOSED}


def test_a_key_without_the_role_is_told_so(fleet_of: FleetOf) -> None:
    ports, account = fleet_of(scale=1)
    bill(ports, account)
    account.failure = CredentialsRefused("SBC11: 403, the key or its role is refused")
    outcomes = ingest_cycles(ports)
    assert "ROLE_SHOP_ACCOUNTANCY" in outcomes["SBC11"].words
    assert outcomes["IV01"] == ONE
    with ports.ledger.read() as tx:
        assert list(refusals(tx)) == ["SBC11"]


def test_who_closes_the_month_is_told_all_that_is_lacking(fleet_of: FleetOf) -> None:
    ports, account = fleet_of(scale=1)
    bill(ports, account, payout_state="TO_PAY")
    assert refresh_account(ports) == []
    assert refresh_account(ports) == [f"SBC11: {CLOSED.words}.", f"IV01: {CLOSED.words}."]
    account.failure = unreachable()
    assert refresh_account(ports)[0] == "TL02: TL02: nobody answers"


def test_no_order_is_asked_for_where_every_refund_is_billed(fleet_of: FleetOf) -> None:
    ports, _ = fleet_of()
    assert look_for_refunds(ports) == 0


def test_a_failure_is_for_the_next_ring(fleet_of: FleetOf) -> None:
    ports, account = fleet_of()
    bill(ports, account)
    account.failure = unreachable()
    with pytest.raises(Retryable):
        ingest_cycles(ports)


def test_cycles_are_read_thirteen_months_back(fleet_of: FleetOf) -> None:
    ports, account = fleet_of()
    bill(ports, account)
    account.cycles += [a_cycle("C-0", date_created=now_of(ports) - timedelta(days=400))]
    assert ingest_cycles(ports)["SBC11"] == ONE
