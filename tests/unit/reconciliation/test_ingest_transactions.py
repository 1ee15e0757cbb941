"""Reading the account: page by page, within the ceilings, going on from where it was interrupted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from integration.errors import CredentialsRefused, Retryable
from integration.ledger.account_reads import account_read, begin_read, refusals
from integration.ledger.marks import watermark
from integration.ledger.tables import CallRow, TransactionRow
from integration.usecases.ingest_transactions import (
    BACK_FILL,
    CLOSED,
    Outcome,
    ingest_transactions,
    require_account_access,
)  # fmt: skip
from integration.usecases.ports import Ports
from tests.unit.reconciliation.fake_account import FakeAccount, a_line, unreachable

FleetOf = Callable[..., tuple[Ports, FakeAccount]]
READ = Outcome("read to the end")


def now_of(ports: Ports) -> datetime:
    with ports.ledger.read() as tx:
        return tx.now


def stored(ports: Ports) -> dict[str, TransactionRow]:
    with ports.ledger.read() as tx:
        return {row.transaction_id: row for row in tx.session.scalars(select(TransactionRow))}


def read_until(ports: Ports) -> datetime | None:
    with ports.ledger.read() as tx:
        return watermark(tx, "TL02")


def some_lines(ports: Ports, count: int) -> list[Any]:
    oldest = now_of(ports) - timedelta(days=100)
    return [a_line(number, updated=oldest + timedelta(hours=number)) for number in range(count)]


def test_the_first_read_reaches_back_thirteen_months(fleet_of: FleetOf) -> None:
    ports, account = fleet_of()
    account.lines = some_lines(ports, 5)
    before = now_of(ports)
    assert ingest_transactions(ports) == READ
    assert set(stored(ports)) == {line.id for line in account.lines}
    assert before - BACK_FILL - account.asked_from[0] < timedelta(minutes=11)
    reached = read_until(ports)
    assert reached is not None
    assert before <= reached <= now_of(ports)


def test_it_is_read_once_an_hour_unless_asked_for(fleet_of: FleetOf) -> None:
    ports, _ = fleet_of(scale=1)
    assert ingest_transactions(ports) == READ
    assert ingest_transactions(ports) == Outcome("not due")
    assert ingest_transactions(ports, at_once=True) == READ


def test_an_interrupted_back_fill_goes_on_from_the_newest_line_that_is_stored(fleet_of: FleetOf) -> None:
    ports, account = fleet_of()
    account.lines = some_lines(ports, 7)
    account.failure, account.pages_before_failure = unreachable(), 2
    with pytest.raises(Retryable):
        ingest_transactions(ports)
    assert len(stored(ports)) == 4
    assert read_until(ports) == account.lines[3].last_updated
    assert ingest_transactions(ports) == READ
    assert account.lines[3].last_updated is not None
    assert account.asked_from[1] == account.lines[3].last_updated - timedelta(seconds=30)
    assert len(stored(ports)) == 7


def earlier_calls(ports: Ports, count: int, *, ago: float) -> None:
    """So many calls of TL02 that were made so many seconds ago."""
    with ports.ledger.write() as tx:
        at = tx.now - timedelta(seconds=ago)
        tx.session.add_all(CallRow(shop=tx.shop, operation="TL02", at=at) for _ in range(count))


def test_a_minute_that_is_used_up_is_waited_for(fleet_of: FleetOf) -> None:
    ports, account = fleet_of(scale=1)
    account.lines = some_lines(ports, 4)
    began = now_of(ports)
    earlier_calls(ports, 20, ago=58)
    assert ingest_transactions(ports) == READ
    assert now_of(ports) - began >= timedelta(seconds=2)
    assert len(stored(ports)) == 4


def test_an_hour_that_is_used_up_ends_the_pass_and_what_was_read_stays(fleet_of: FleetOf) -> None:
    ports, account = fleet_of(scale=1)
    account.lines = some_lines(ports, 6)
    earlier_calls(ports, 58, ago=1_800)
    assert ingest_transactions(ports) == CLOSED
    assert len(stored(ports)) == 4
    assert ingest_transactions(ports) == CLOSED
    assert account.pages_read == 2


def test_a_ceiling_that_closes_between_looking_and_asking_ends_the_pass(fleet_of: FleetOf) -> None:
    ports, account = fleet_of()
    account.failure = Retryable("TL02: 429, too many calls", retry_after=9.0)
    assert ingest_transactions(ports) == CLOSED


def test_two_readers_do_not_fetch_the_same_pages(fleet_of: FleetOf) -> None:
    ports, account = fleet_of()
    with ports.ledger.write() as tx:
        assert begin_read(tx, "TL02", lease=60)
    assert ingest_transactions(ports).words == "somebody else is reading it at this moment"
    assert account.asked_from == []


def test_a_person_waits_for_another_reader_to_finish(fleet_of: FleetOf) -> None:
    ports, _ = fleet_of()
    with ports.ledger.write() as tx:
        assert begin_read(tx, "TL02", lease=0.5)
    assert ingest_transactions(ports, at_once=True) == READ


def test_a_reader_that_died_is_followed_by_another(fleet_of: FleetOf) -> None:
    ports, _ = fleet_of()
    with ports.ledger.write() as tx:
        begin_read(tx, "TL02", lease=-1)
    assert ingest_transactions(ports) == READ


def test_a_key_without_the_role_is_told_so_and_tried_again_in_an_hour(
    fleet_of: FleetOf, caplog: pytest.LogCaptureFixture
) -> None:
    ports, account = fleet_of(scale=1)
    account.failure = CredentialsRefused("TL02: 403, the key or its role is refused")
    outcome = ingest_transactions(ports)
    assert outcome.lacking
    assert "ROLE_SHOP_ACCOUNTANCY" in outcome.words
    assert "ROLE_SHOP_ACCOUNTANCY" in caplog.text
    assert ingest_transactions(ports) == Outcome("not due")
    with ports.ledger.read() as tx:
        assert refusals(tx) == {"TL02": outcome.words}
    assert ingest_transactions(ports, at_once=True) == READ
    with ports.ledger.read() as tx:
        assert refusals(tx) == {}


def test_a_connection_that_fails_does_not_make_a_refused_key_a_good_one(fleet_of: FleetOf) -> None:
    ports, account = fleet_of()
    account.failure = CredentialsRefused("TL02: 403, the key or its role is refused")
    ingest_transactions(ports)
    account.failure = unreachable()
    with pytest.raises(Retryable):
        ingest_transactions(ports, at_once=True)
    with ports.ledger.read() as tx:
        assert list(refusals(tx)) == ["TL02"]


def test_checking_the_setup_makes_one_call(fleet_of: FleetOf) -> None:
    ports, account = fleet_of()
    require_account_access(ports.mirakl, now=now_of(ports))
    assert account.pages_read == 1
    account.failure = CredentialsRefused("TL02: 403, the key or its role is refused")
    with pytest.raises(CredentialsRefused, match="ROLE_SHOP_ACCOUNTANCY"):
        require_account_access(ports.mirakl, now=now_of(ports))


def test_a_line_changes_while_it_is_billed_and_paid(fleet_of: FleetOf) -> None:
    ports, account = fleet_of()
    (line,) = account.lines = [a_line(1, updated=now_of(ports) - timedelta(seconds=20))]
    ingest_transactions(ports)
    assert stored(ports)[line.id].billed_at is None
    billed = now_of(ports)
    cycle = {"seller_billing_cycle_id": "C-1", "accounting_document_number": "000000000001"}
    account.lines = [line.model_copy(update={"payment_state": "PAID", "last_updated": billed, **cycle})]
    ingest_transactions(ports, at_once=True)
    row = stored(ports)[line.id]
    assert (row.payment_state, row.cycle_id, row.billed_at) == ("PAID", "C-1", billed)
    assert row.document_number == "000000000001"


def test_an_amount_may_be_what_was_credited_less_what_was_debited(fleet_of: FleetOf) -> None:
    ports, account = fleet_of()
    line = some_lines(ports, 1)[0]
    figures = {"amount": None, "amount_credited": Decimal("0"), "amount_debited": Decimal("2.50"), "date_created": None}
    account.lines = [line.model_copy(update=figures)]
    ingest_transactions(ports)
    assert stored(ports)[line.id].amount == Decimal("-2.50")
    assert stored(ports)[line.id].date_created == line.last_updated


def test_who_watches_is_told_how_far_it_has_come(fleet_of: FleetOf) -> None:
    ports, account = fleet_of()
    account.lines = some_lines(ports, 4)
    told: list[tuple[datetime, datetime, datetime]] = []
    ingest_transactions(ports, progress=lambda *moments: told.append(moments))
    assert [reached for _, reached, _ in told] == [account.lines[1].last_updated, account.lines[3].last_updated]
    assert all(began < reached < ends for began, reached, ends in told)


def test_the_row_of_a_read_that_never_was_says_so(fleet_of: FleetOf) -> None:
    ports, _ = fleet_of()
    with ports.ledger.read() as tx:
        assert account_read(tx, "TL02").complete_at is None
