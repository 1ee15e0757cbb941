"""A ledger that knows less than the world sends nothing that nobody may send twice, until a person has looked."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integration.errors import Retryable
from integration.ledger.reviews import reviews
from integration.ledger.standing import COUNTED, RECOVERY, standing
from integration.ledger.tables import Base, StandingRow
from integration.sandbox import SandboxClient
from integration.usecases.carry_out import carry_out
from integration.usecases.catalogue import ACTS
from integration.usecases.poll_returns import poll_returns
from integration.usecases.read_verdict import poll_verdicts
from integration.usecases.recover import Recovery, recover
from integration.usecases.refusal import Refused
from integration.usecases.resolve_review import resolve_review
from integration.usecases.sweep import sweep
from tests.inline_fleet import IMPATIENT, InlineFleet
from tests.servers import wait_until
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane, Parcel


def mode(fleet: InlineFleet) -> tuple[str, str | None]:
    row = where_it_stands(fleet)
    return row.mode, row.reason


def where_it_stands(fleet: InlineFleet) -> StandingRow:
    with fleet.ports.ledger.read() as tx:
        row = standing(tx)
    assert row is not None
    return row


class Backup:
    """All rows of a ledger, on either database: what was there when it was taken."""

    def __init__(self, fleet: InlineFleet) -> None:
        self._engine = fleet.engine
        with self._engine.connect() as connection:
            self._rows = {table: connection.execute(table.select()).mappings().all() for table in _tables()}

    def restore(self) -> None:
        with self._engine.begin() as connection:
            for table in reversed(_tables()):
                connection.execute(table.delete())
            for table in _tables():
                if rows := self._rows[table]:
                    connection.execute(table.insert(), [dict(row) for row in rows])


def _tables() -> list[Any]:
    return list(Base.metadata.sorted_tables)


def paid(sandbox: SandboxClient, parcel: Parcel) -> list[Decimal]:
    return [one["amount"] for one in sandbox.books()["refunds"].get(parcel.order_line_id, [])]


def read_all(lane: Lane) -> None:
    """What the fleet does by itself in recovery: every poll, and all that follows."""
    lane.until(lambda: poll_returns(lane.fleet.ports) != "the ceiling is closed")
    lane.turn()
    lane.until(lambda: poll_verdicts(lane.fleet.ports) != "the ceiling is closed")
    lane.turn()


def word(lane: Lane, kind: str, subject: str, verb: Any, **facts: Any) -> None:
    with lane.fleet.ports.ledger.read() as tx:
        (review,) = [one.id for one in reviews(tx) if (one.kind, one.subject) == (kind, subject)]
    resolve_review(lane.fleet.ports, review, verb, note="looked", **facts)


def becomes(recovery: Recovery, kind: str) -> list[str]:
    return sorted(change.becomes for change in recovery.changes if change.kind == kind)


def test_what_may_be_sent_once_only_is_withheld_and_goes_alone() -> None:
    """M2: OR28, W1, STO01 and BigCommerce's adjustments are counted, each written ahead by itself; nothing else is."""
    withheld = {kind for kind, act in ACTS.items() if act.withheld_in_recovery}
    assert withheld == set(COUNTED)
    assert not any(ACTS[kind].in_batches or ACTS[kind].reads_only or ACTS[kind].guarded for kind in withheld)


def test_a_restored_ledger_pays_nothing_twice_and_sells_nothing_twice(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str
) -> None:
    """M1, M2: a backup from before a verdict, and one from before a decision: each refund once, each shelf right."""
    lane = Lane(start_fleet(database_url), sandbox)
    sandbox.seed_offers({"SKU-1": 10, "SKU-2": 10})
    before = lane.come_back(lane.send_back(3), accepted=1)
    lane.until(lambda: {one.state for one in lane.movements(before)} == {"done"})
    backup = Backup(lane.fleet)
    lane.judge(before, accepted=1)  # judged, refunded and sold while the backup lies there
    late = lane.come_back(lane.send_back(2, sku="SKU-2"), accepted=1)
    lane.until(lambda: sandbox.books()["stock"] == {"SKU-1": 12, "SKU-2": 11})
    lane.until(lambda: {one.state for one in lane.movements()} == {"done"})
    assert (paid(sandbox, before), paid(sandbox, late)) == ([Decimal(25), Decimal(25)], [Decimal(25)])

    backup.restore()
    sweep(lane.fleet.ports)
    assert mode(lane.fleet) == (RECOVERY, "older_ledger")
    with pytest.raises(Refused, match=r"RT11.*\n.*W2"):
        recover(lane.fleet.ports, apply=True)
    sandbox.judge(before.return_id, before.order_line_id, accepted=1)  # life goes on
    read_all(lane)
    lane.until(lambda: {one.state for one in lane.movements()} == {"done", "held"})
    assert sandbox.books()["stock"] == {"SKU-1": 12, "SKU-2": 11}
    assert len(sandbox.books()["reveni_returns"][late.return_id]) == 1

    plan = recover(lane.fleet.ports, apply=False)
    assert (plan.missing, mode(lane.fleet)) == ((), (RECOVERY, "older_ledger"))
    assert becomes(plan, "refund") == ["confirmed", "held"]  # of the other, two units are due and one was paid
    assert recover(lane.fleet.ports, apply=True).changes == plan.changes
    assert mode(lane.fleet) == ("normal", None)
    (recovered,) = lane.refunds(late)
    assert recovered.state in ("confirmed", "refunded")
    assert recovered.row.mirakl_refund_id == sandbox.books()["refunds"][late.order_line_id][0]["refund_id"]

    (unclear,) = [one for one in lane.refunds(before) if one.state == "held"]
    (one_of_them,) = [
        one["refund_id"]
        for one in sandbox.books()["refunds"][before.order_line_id]
        if one["refund_id"] not in {known.row.mirakl_refund_id for known in lane.refunds(before) if known.intent}
    ]
    word(lane, "refund", str(unclear.row.id), "done", mirakl_refund_id=one_of_them)
    lane.until(lambda: paid(sandbox, before) == [Decimal(25)] * 3)  # the third unit was judged since
    for movement in lane.movements():
        if movement.state == "held" and movement.return_id == late.return_id:
            word(lane, "stock", str(movement.id), "done")
    lane.turn()
    assert (paid(sandbox, before), paid(sandbox, late)) == ([Decimal(25)] * 3, [Decimal(25)])
    assert sandbox.books()["stock"] == {"SKU-1": 12, "SKU-2": 11}
    assert ("stock", "stock_of_unknown_past") in lane.inbox()

    sweep(lane.fleet.ports)  # the mark is this ledger's by now
    new = lane.come_back(lane.send_back(1), accepted=1)
    lane.until(lambda: paid(sandbox, new) == [Decimal(25)])
    backup.restore()
    sweep(lane.fleet.ports)
    assert mode(lane.fleet)[0] == RECOVERY


def test_the_first_sending_of_a_restored_ledger_finds_it_out_before_a_byte_leaves(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str
) -> None:
    """M1, M2: nobody has looked at the mark yet, and the ledger counts as far as the one that went on without it."""
    lane = Lane(start_fleet(database_url), sandbox)
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.judge(parcel, accepted=1)
    lane.work_until("read_verdict", "confirmed")
    lane.fleet.take_rings()
    backup = Backup(lane.fleet)
    other = lane.send_back()  # made in Reveni (W1) while the refund waits: one call that counts
    wait_until(lambda: poll_returns(lane.fleet.ports) != "the ceiling is closed")
    while lane.fleet.work():
        pass
    assert lane.reveni_id(other) is not None
    backup.restore()
    (refund,) = lane.refunds(parcel)
    outcome = carry_out(lane.fleet.ports, ACTS["push_refund"], refund.row.id, retry=IMPATIENT)
    assert "decided again" in outcome
    assert mode(lane.fleet) == (RECOVERY, "older_ledger")
    assert paid(sandbox, parcel) == []
    (refund,) = lane.refunds(parcel)
    assert refund.intent is not None
    assert (refund.state, refund.intent.sends) == ("decided", 0)


def test_an_emptied_ledger_beside_its_mark_adopts_what_is_there(
    start_fleet: StartFleet, sandbox: SandboxClient, tmp_path: Path, sqlite_template: Path
) -> None:
    """M1, M2: open returns are neither refunded again nor made in Reveni a second time."""
    lane = Lane(start_fleet(), sandbox)
    parcel = lane.come_back(lane.send_back(2), accepted=1)
    waits = lane.send_back()
    lane.arrive(waits)
    lane.until(lambda: paid(sandbox, parcel) == [Decimal(25)])
    shutil.copy(sqlite_template, tmp_path / "empty.sqlite3")
    emptied = Lane(start_fleet(f"sqlite:///{tmp_path / 'empty.sqlite3'}", first_start=True), sandbox)
    sweep(emptied.fleet.ports)
    assert mode(emptied.fleet) == (RECOVERY, "another_ledger")
    read_all(emptied)
    plan = recover(emptied.fleet.ports, apply=True)
    assert becomes(plan, "refund") == ["confirmed"]
    emptied.turn()
    books = sandbox.books()
    assert paid(sandbox, parcel) == [Decimal(25)]
    assert [len(books["reveni_returns"][one.return_id]) for one in (parcel, waits)] == [1, 1]
    sweep(lane.fleet.ports)  # M1: the other ledger, should it still be worked with, sends no more
    assert mode(lane.fleet) == (RECOVERY, "another_ledger")


def test_a_first_start_looks_first_and_begins_by_itself_where_nobody_worked_before(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str
) -> None:
    """M1: a new shop costs nobody a word: the first complete pass over the returns ends the first look."""
    lane = Lane(start_fleet(database_url, first_start=True), sandbox)
    sweep(lane.fleet.ports)
    assert mode(lane.fleet) == (RECOVERY, "first_look")
    with pytest.raises(Refused, match="ends by itself"):
        recover(lane.fleet.ports, apply=True)
    parcel = lane.send_back()
    sandbox.add_fault("OR11", "status_before", status=500, times=20)
    with pytest.raises(Retryable):
        poll_returns(lane.fleet.ports)  # the returns are stored, and their orders could not be read
    lane.turn()
    assert lane.reveni_id(parcel) is None
    sandbox.clear_faults()
    lane.fleet.until(lambda: mode(lane.fleet) == ("normal", None))
    lane.fleet.until(lambda: lane.reveni_id(parcel) is not None)


def test_a_first_start_on_a_shop_with_a_history_waits_for_a_person(
    start_fleet: StartFleet, sandbox: SandboxClient
) -> None:
    """M1: returns whose units were refunded by hand since they were announced are not refunded again."""
    lane = Lane(start_fleet(first_start=True), sandbox)
    parcel = lane.send_back(2)
    sandbox.refund_externally(parcel.order_line_id, amount="25.00")
    poll_returns(lane.fleet.ports)
    assert mode(lane.fleet) == (RECOVERY, "history")
    assert parcel.return_id in (where_it_stands(lane.fleet).detail or "")
    read_all(lane)
    assert lane.reveni_id(parcel) is None
    assert becomes(recover(lane.fleet.ports, apply=True), "return") == ["created"]
    lane.until(lambda: lane.reveni_id(parcel) is not None)


def test_nothing_is_recovered_where_nothing_is_in_recovery(fleet: InlineFleet) -> None:
    """M2: the command says so, and changes nothing."""
    with pytest.raises(Refused, match="not in recovery"):
        recover(fleet.ports, apply=True)
