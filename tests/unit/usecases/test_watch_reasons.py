"""RE01 changes: what the tables may not use any more is told once, what is new is noted."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import delete

from integration.ledger.tables import ReferenceRow
from integration.usecases.poll_returns import poll_returns
from integration.usecases.watch_reasons import watch_reasons
from tests.unit.usecases.lane import Lane
from tests.unit.usecases.returned import until_held

RETURNED = {"code": "17", "label": "Item returned", "type": "REFUND", "is_shop_right": True}
GOODWILL = {"code": "20", "label": "Goodwill", "type": "REFUND", "is_shop_right": True}


def a_day_later(lane: Lane) -> str:
    """RE01 as it was read is too old now."""
    with lane.fleet.ports.ledger.write() as tx:
        tx.session.execute(delete(ReferenceRow).where(ReferenceRow.name == "RE01"))
    return watch_reasons(lane.fleet.ports)


def alerts(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage() for record in caplog.records if getattr(record, "alert", "").startswith("refund_reason")
    ]


def test_a_mapped_code_that_is_withdrawn_is_told_once_until_it_is_allowed_again(
    lane: Lane, caplog: pytest.LogCaptureFixture
) -> None:
    lane.sandbox.set_reasons([RETURNED])
    assert watch_reasons(lane.fleet.ports) == "0 not allowed, 0 gained, 0 dropped"
    for reasons in ([GOODWILL], [{**RETURNED, "is_shop_right": False}]):
        lane.sandbox.set_reasons(reasons)
        assert a_day_later(lane).startswith("1 not allowed")
    assert len(alerts(caplog)) == 1
    assert "17 is not among the reasons of Mirakl" in alerts(caplog)[0]
    lane.sandbox.set_reasons([RETURNED])
    a_day_later(lane)
    lane.sandbox.set_reasons([GOODWILL])
    a_day_later(lane)
    assert len(alerts(caplog)) == 2


def test_codes_that_come_and_go_are_noted(lane: Lane, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    other = {**GOODWILL, "code": "15"}
    lane.sandbox.set_reasons([RETURNED, other])
    watch_reasons(lane.fleet.ports)
    lane.sandbox.set_reasons([RETURNED, GOODWILL])
    assert watch_reasons(lane.fleet.ports) == "0 not allowed, 0 gained, 0 dropped", "what is kept is a day old at most"
    assert a_day_later(lane) == "0 not allowed, 1 gained, 1 dropped"
    assert "RE01 gained 20 and dropped 15" in caplog.text
    assert a_day_later(lane) == "0 not allowed, 0 gained, 0 dropped"


def test_a_return_that_is_held_for_a_code_that_was_told_is_no_news(
    lane: Lane, caplog: pytest.LogCaptureFixture
) -> None:
    lane.sandbox.set_reasons([GOODWILL])
    watch_reasons(lane.fleet.ports)
    parcel = lane.send_back()
    poll_returns(lane.fleet.ports)
    until_held(lane, parcel, "illegal_refund_reason")
    assert [record for record in caplog.records if getattr(record, "alert", "") == "held"] == []
