"""The account in the ledger, on both databases."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from integration.domain.settlement import Booked
from integration.ledger.account_reads import begin_read, end_read, renew_read
from integration.ledger.accounts import (
    booked_by_cycle,
    cycles,
    documents_of,
    lacks_cycles,
    lacks_documents,
    lines_of_refunds,
    refunds_of_cycle,
    refunds_of_period,
)
from integration.ledger.settled_refunds import (
    answers,
    note_sighting,
    ours_on_lines,
    refunds_named,
    refunds_not_billed,
    refunds_without_lines,
)
from integration.ledger.store import Ledger
from tests.unit.reconciliation.account_examples import BILLED, DECEMBER, MADE, NOVEMBER, money
from tests.unit.reconciliation.ledger_rows import HOUR, a_cycle_row, a_document_row, a_row, add_refund, billed, store


def the_line(ledger: Ledger) -> Any:
    with ledger.read() as tx:
        (line,) = lines_of_refunds(tx, {"77"})["77"]
    return line


def test_a_line_is_stored_by_its_id_and_an_older_one_changes_nothing(ledger: Ledger) -> None:
    store(ledger, a_row(), a_row("T-2", refund_id=None))
    store(ledger, billed())
    store(ledger, a_row())
    line = the_line(ledger)
    assert (line.payment_state, line.cycle_id, line.billed_at, line.amount) == ("PAID", "C-1", BILLED, money("-25.00"))
    store(ledger, a_row(last_updated=BILLED + HOUR, amount=money("-26.00")))
    assert (the_line(ledger).amount, the_line(ledger).cycle_id, the_line(ledger).billed_at) == (
        money("-26"),
        None,
        None,
    )


def test_storing_nothing_is_no_error(ledger: Ledger) -> None:
    store(ledger)
    with ledger.read() as tx:
        assert lines_of_refunds(tx, {"77"}) == {}


def test_when_a_line_was_billed_is_kept_for_as_long_as_it_stays_in_its_cycle(ledger: Ledger) -> None:
    store(ledger, billed())
    store(ledger, billed(at=BILLED + HOUR))
    assert the_line(ledger).billed_at == BILLED
    store(ledger, billed(at=BILLED + 2 * HOUR, cycle="C-2"))
    assert the_line(ledger).billed_at == BILLED + 2 * HOUR


def test_the_date_of_the_cycle_counts_as_soon_as_it_is_known(ledger: Ledger) -> None:
    store(ledger, billed(at=BILLED + HOUR), cycle_rows=[a_cycle_row()])
    assert the_line(ledger).billed_at == BILLED
    store(ledger, cycle_rows=[a_cycle_row(date_created=None)])
    assert the_line(ledger).billed_at == BILLED + HOUR


def test_money_of_the_account_is_never_a_binary_fraction(ledger: Ledger) -> None:
    store(ledger, a_row(amount=Decimal("-0.1")))
    assert the_line(ledger).amount == Decimal("-0.1")
    if ledger.engine.dialect.name == "sqlite":
        with ledger.engine.connect() as connection:
            assert connection.execute(text("SELECT typeof(amount) FROM transactions")).scalar_one() == "text"


def test_a_period_has_the_refunds_made_before_its_end_and_not_settled_before_its_start(ledger: Ledger) -> None:
    early = NOVEMBER.start - HOUR
    store(
        ledger,
        a_row("1", refund_id="open since long", date_created=early),
        billed("2", refund_id="settled before", date_created=early, at=early),
        billed("3", refund_id="settled within", date_created=early, at=BILLED),
        billed("4", refund_id="settled later", at=DECEMBER.start),
        a_row("5", refund_id="made later", date_created=DECEMBER.start),
        a_row("6", refund_id="only told", payment_state="NOT_APPLICABLE"),
        a_row("7", refund_id="of no state", payment_state=None),
        a_row("8", refund_id=None),
    )
    with ledger.read() as tx:
        found = refunds_of_period(tx, NOVEMBER.start, NOVEMBER.end)
        assert found == {"open since long", "settled within", "settled later", "of no state"}
        assert refunds_of_cycle(tx, "C-1") == {"settled before", "settled within", "settled later"}


def test_a_cycle_is_summed_by_type_and_currency_without_what_only_informs(ledger: Ledger) -> None:
    store(
        ledger, billed("1"), billed("2", amount=money("-0.10")), billed("3", currency="EUR"),
        billed("4", type="ORDER_AMOUNT", amount=money("100.00"), refund_id=None), billed("5", cycle="C-2"),
        billed("6", payment_state="NOT_APPLICABLE"),
    )  # fmt: skip
    with ledger.read() as tx:
        assert booked_by_cycle(tx, ["C-1"]) == {
            "C-1": [
                Booked("ORDER_AMOUNT", "GBP", money("100.00")),
                Booked("REFUND_ORDER_AMOUNT", "EUR", money("-25.00")),
                Booked("REFUND_ORDER_AMOUNT", "GBP", money("-25.10")),
            ]
        }


def test_cycles_come_by_id_or_by_the_time_they_were_made(ledger: Ledger) -> None:
    later = a_cycle_row("C-2", date_created=DECEMBER.start, payout_state="TO_PAY", payout_reference=None)
    store(ledger, cycle_rows=[later, a_cycle_row()], documents=[a_document_row(), a_document_row("10", cycle_id="C-2")])
    with ledger.read() as tx:
        assert [cycle.id for cycle in cycles(tx, start=NOVEMBER.start, end=NOVEMBER.end)] == ["C-1"]
        assert [cycle.id for cycle in cycles(tx)] == ["C-1", "C-2"]
        assert [cycle.id for cycle in cycles(tx, ids=["C-2"])] == ["C-2"]
        assert [document.id for document in documents_of(tx, ["C-1"])] == ["9"]
    store(ledger, cycle_rows=[{**later, "payout_state": "PAID", "payout_reference": "BANK-8"}])
    with ledger.read() as tx:
        assert cycles(tx, ids=["C-2"])[0].payout_reference == "BANK-8"


def test_a_cycle_is_lacking_until_it_is_known_and_paid(ledger: Ledger) -> None:
    def lacking() -> tuple[bool, bool]:
        with ledger.read() as tx:
            return lacks_cycles(tx), lacks_documents(tx)

    store(ledger, a_row())
    assert lacking() == (False, False)
    store(ledger, billed())
    assert lacking() == (True, True)
    to_pay = a_cycle_row(payout_state="TO_PAY")
    pending = a_document_row(payment_state="PENDING")
    store(ledger, cycle_rows=[to_pay], documents=[pending, a_document_row("11", cycle_id=None)])
    assert lacking() == (True, True)
    store(ledger, cycle_rows=[a_cycle_row()], documents=[a_document_row()])
    assert lacking() == (False, False)


def test_refunds_are_those_that_are_confirmed_and_those_of_others(ledger: Ledger) -> None:
    ours, others = add_refund(ledger, "77"), add_refund(ledger, "88", ours=False)
    add_refund(ledger, "99", state="dropped")
    with ledger.read() as tx:
        found = list(refunds_named(tx, {"77", "88", "99", "100"}))
        assert [(refund.id, refund.intent_id, refund.on_mirakl) for refund in found] == [
            (ours, ours, None), (others, None, None),
        ]  # fmt: skip
        assert answers(tx, {ours}) == {ours: {"refund_id": "77"}}
        assert answers(tx, set()) == {}


def test_refunds_without_a_line_are_those_known_before_a_moment(ledger: Ledger) -> None:
    ours, others = add_refund(ledger, "77"), add_refund(ledger, "88", ours=False)
    with ledger.read() as tx:
        assert {refund.id for refund in refunds_without_lines(tx, before=MADE + 2 * HOUR)} == {ours, others}
        assert {refund.id for refund in refunds_without_lines(tx, before=MADE + HOUR)} == {others}
    store(ledger, a_row(refund_id="88"))
    with ledger.read() as tx:
        assert {refund.id for refund in refunds_without_lines(tx, before=MADE + 2 * HOUR)} == {ours}


def test_what_is_not_billed_are_refunds_of_ours_without_a_line_in_a_cycle(ledger: Ledger) -> None:
    ours, _ = add_refund(ledger, "77"), add_refund(ledger, "88", ours=False)

    def waiting() -> list[uuid.UUID]:
        with ledger.read() as tx:
            return [refund.id for refund in refunds_not_billed(tx, before=BILLED)]

    assert waiting() == [ours]
    store(ledger, a_row())
    assert waiting() == [ours]
    store(ledger, billed())
    assert waiting() == []


def test_what_the_order_showed_last_is_kept(ledger: Ledger) -> None:
    ours = add_refund(ledger, "77")
    for on_mirakl in (True, False):
        with ledger.write() as tx:
            note_sighting(tx, ours, on_mirakl=on_mirakl)
        with ledger.read() as tx:
            assert [refund.on_mirakl for refund in refunds_named(tx, {"77"})] == [on_mirakl]


def test_ours_on_a_line_are_told_with_their_state(ledger: Ledger) -> None:
    first, second = add_refund(ledger, "77"), add_refund(ledger, "78", state="unknown")
    add_refund(ledger, "88", ours=False)
    with ledger.read() as tx:
        found = ours_on_lines(tx, {"O-1-1", "O-2-1"})
    assert {line: set(ours) for line, ours in found.items()} == {"O-1-1": {(first, "confirmed"), (second, "unknown")}}


def test_another_shop_has_an_account_of_its_own(ledger: Ledger) -> None:
    other = Ledger(ledger.engine, shop="2001", who="test")
    store(other, billed(), cycle_rows=[a_cycle_row()], documents=[a_document_row()])
    add_refund(other, "77")
    add_refund(ledger, "78")
    store(other, a_row("T-78", refund_id="78"))
    with ledger.read() as tx:
        assert lines_of_refunds(tx, {"77"}) == {}
        assert cycles(tx) == []
        assert documents_of(tx, ["C-1"]) == []
        assert list(refunds_named(tx, {"77"})) == []
        assert [refund.mirakl_refund_id for refund in refunds_without_lines(tx, before=BILLED)] == ["78"]


def test_one_reads_at_a_time_for_as_long_as_the_lease_lasts(ledger: Ledger) -> None:
    def begin(lease: float) -> bool:
        with ledger.write() as tx:
            return begin_read(tx, "TL02", lease=lease)

    assert begin(60)
    assert not begin(60)
    with ledger.write() as tx:
        renew_read(tx, "TL02", lease=-1)
    assert begin(60)
    with ledger.write() as tx:
        end_read(tx, "TL02", complete=True)
    assert begin(60)


@pytest.mark.parametrize("count", [501])
def test_more_refunds_than_one_statement_may_name_are_found(ledger: Ledger, count: int) -> None:
    store(ledger, *(a_row(f"T-{number}", refund_id=str(number)) for number in range(count)))
    with ledger.read() as tx:
        assert len(lines_of_refunds(tx, {str(number) for number in range(count)})) == count
