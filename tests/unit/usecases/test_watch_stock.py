"""Restock watches itself: late units and stuck imports are told once, and what goes live is not kept waiting."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from integration.domain.retry import RetryPolicy
from integration.ledger.stock import add_movement, get_movement, open_import
from integration.ledger.tables import MovementRow
from integration.sandbox import SandboxClient, SandboxOptions
from integration.usecases import follow_import
from integration.usecases.ports import Ports
from integration.usecases.watch_stock import LATE_AFTER, STUCK_AFTER, watch_stock
from tests.unit.usecases.conftest import SCALE, StartFleet
from tests.unit.usecases.lane import Lane


def waiting_unit(ports: Ports, *, since: float, state: str = "pending", line: str = "L-1") -> MovementRow:
    """A movement that has been due for so many seconds."""
    with ports.ledger.write() as tx:
        row = add_movement(
            tx, return_id="R-1", order_line_id=line, sku="SKU-1", quantity=2, location=None, state=state, reason=None
        )
        row.due_at = tx.now - timedelta(seconds=since)
    return row


def alerts(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [record.__dict__["alert"] for record in caplog.records if "alert" in record.__dict__]


def test_units_that_wait_for_more_than_five_minutes_are_told_together_and_once(
    ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    oldest = waiting_unit(ports, since=LATE_AFTER + 60)
    waiting_unit(ports, since=LATE_AFTER + 1, state="sent", line="L-2")
    waiting_unit(ports, since=LATE_AFTER - 60, line="L-3")
    for state in ("held", "parked", "done", "excluded"):
        waiting_unit(ports, since=LATE_AFTER + 60, state=state, line=state)
    watch_stock(ports)
    watch_stock(ports)
    (told,) = [record for record in caplog.records if "alert" in record.__dict__]
    assert (told.levelno, told.__dict__["units"], told.__dict__["movement_id"]) == (logging.ERROR, 4, str(oldest.id))


def test_a_unit_that_is_put_on_its_way_again_and_is_late_again_is_told_again(
    ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    unit = waiting_unit(ports, since=LATE_AFTER + 60)
    watch_stock(ports)
    with ports.ledger.write() as tx:
        again = get_movement(tx, unit.id)
        assert again is not None
        again.due_at = tx.now - timedelta(seconds=LATE_AFTER + 1)
    watch_stock(ports)
    assert alerts(caplog) == ["stock_late", "stock_late"]


@pytest.mark.parametrize(
    ("sent", "told"), [(None, []), (STUCK_AFTER - 60, []), (STUCK_AFTER + 1, ["stock_import_stuck"])]
)
def test_an_import_that_does_not_end_is_told_once(
    ports: Ports, caplog: pytest.LogCaptureFixture, sent: float | None, told: list[str]
) -> None:
    with ports.ledger.write() as tx:
        row = open_import(tx)
        if sent is not None:
            row.mirakl_import_id, row.sent_at = "2001", tx.now - timedelta(seconds=sent)
    watch_stock(ports)
    watch_stock(ports)
    assert alerts(caplog) == told


@pytest.mark.parametrize("options", [SandboxOptions(scale=SCALE, import_delay=1e6)])
def test_an_import_that_does_not_end_keeps_no_other_shop_waiting(
    start_fleet: StartFleet, sandbox: SandboxClient, tmp_path: Path, sqlite_url: str
) -> None:
    sandbox.seed_offers({"SKU-1": 5})
    stuck = Lane(start_fleet(sqlite_url), sandbox)
    stuck.come_back(stuck.send_back(), accepted=1)
    other = Lane(start_fleet(sqlite_url, mirakl_shop_id="2000"), sandbox)
    waiting_unit(other.fleet.ports, since=0.0)
    other.until(lambda: len(sandbox.calls("STO01")) == 2)
    assert [one.state for one in (*stuck.movements(), *other.movements())] == ["sent", "sent"]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next try of a parked line by itself is out of a test's reach."""
    monkeypatch.setattr(follow_import, "PARKED", RetryPolicy(first=1e9, longest=1e9))


@pytest.mark.usefixtures("patient")
def test_a_product_that_goes_live_is_driven_again_at_once(lane: Lane) -> None:
    lane.sandbox.seed_offers({"NEW": 0, "NEWER": 0}, live=False)
    for sku in ("NEW", "NEWER"):
        lane.come_back(lane.send_back(sku=sku), accepted=1)
    lane.until(lambda: {one.state for one in lane.movements()} == {"parked"})
    assert watch_stock(lane.fleet.ports).startswith("0 ")

    lane.sandbox.set_product_live("NEW")
    assert watch_stock(lane.fleet.ports).startswith("1 ")
    lane.until(lambda: lane.movements()[0].state == "done")
    assert lane.movements()[1].reason == "product_not_live_yet"
    assert lane.sandbox.books()["stock"] == {"NEW": 1, "NEWER": 0}


@pytest.mark.usefixtures("patient")
def test_a_line_refused_though_its_product_shows_live_waits_for_its_interval(lane: Lane) -> None:
    lane.sandbox.seed_offers({"SKU-1": 5})
    lane.arrive(parcel := lane.send_back())
    lane.judge(parcel, accepted=1)
    lane.work_until("read_verdict", "confirmed")
    _refuse_next_file(lane)
    lane.until(lambda: lane.movements()[0].state == "parked")
    assert watch_stock(lane.fleet.ports).startswith("0 ")


def _refuse_next_file(lane: Lane) -> None:
    lane.sandbox.add_fault("STO01", "status_before", status=201, body={"import_id": "4711"}, times=1)
    status = {"import_id": "4711", "status": "COMPLETE", "lines_in_error": 1, "lines_in_success": 0}
    lane.sandbox.add_fault("STO02", "status_before", status=200, body=status, match="4711")
    report = '"line-number";"error-reason";"offer-sku"\n"2";"The product is in staging";"SKU-1"\n'
    lane.sandbox.add_fault("STO03", "status_before", status=200, body=report)
