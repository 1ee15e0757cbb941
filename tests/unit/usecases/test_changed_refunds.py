"""A refund that Mirakl shows otherwise later than it confirmed it: an alert and a case, once."""

from __future__ import annotations

import logging
from decimal import Decimal

import pytest
from sqlalchemy import update

from integration.ledger.reviews import reviews
from integration.ledger.tables import RefundRow
from integration.sandbox import SandboxClient, SandboxOptions
from integration.usecases.follow_refunds import follow_refunds
from integration.usecases.resolve_review import resolve_review
from tests.unit.usecases.conftest import SCALE, StartFleet
from tests.unit.usecases.lane import Lane


@pytest.fixture
def options() -> SandboxOptions:
    """Nothing is paid while a test lasts."""
    return SandboxOptions(scale=SCALE, debit_delay=0, refund_delay=1_000_000, import_delay=0)


def look(lane: Lane) -> None:
    with lane.fleet.ports.ledger.write() as tx:
        tx.session.execute(update(RefundRow).values(look_at=tx.now))
    follow_refunds(lane.fleet.ports)


def confirm_as(lane: Lane, amount: str) -> None:
    """As if OR28 had confirmed this amount."""
    with lane.fleet.ports.ledger.write() as tx:
        tx.session.execute(update(RefundRow).values(amount=Decimal(amount)))


@pytest.fixture
def lane(start_fleet: StartFleet, sandbox: SandboxClient) -> Lane:
    """25.00 GBP, confirmed."""
    sandbox.seed_offers({"SKU-1": 5})
    lane = Lane(start_fleet(), sandbox)
    lane.come_back(lane.send_back(), accepted=1)
    lane.until(lambda: [one.state for one in lane.refunds()] == ["confirmed"])
    return lane


def test_a_refund_as_it_was_confirmed_is_no_case(lane: Lane) -> None:
    look(lane)
    assert lane.inbox() == set()


def test_a_case_closes_where_mirakl_shows_the_confirmed_amount_again(lane: Lane) -> None:
    """M14: a refund that was shown otherwise for a while is no case any more; another time, it is one again."""
    for turn in (1, 2):
        confirm_as(lane, "24.50")
        look(lane)
        assert lane.inbox() == {("refund", "refund_changed_on_mirakl")}
        confirm_as(lane, "25.00")
        look(lane)
        with lane.fleet.ports.ledger.read() as tx:
            closed = [str(one.resolution) for one in reviews(tx, state="resolved")]
        assert (len(closed), "as it was confirmed again" in closed[-1]) == (turn, True)


def test_another_amount_is_told_once_also_when_it_was_dismissed(lane: Lane, caplog: pytest.LogCaptureFixture) -> None:
    confirm_as(lane, "24.50")
    with caplog.at_level(logging.ERROR):
        look(lane)
        look(lane)
    assert len([one for one in caplog.records if vars(one).get("reason") == "refund_changed_on_mirakl"]) == 1
    with lane.fleet.ports.ledger.read() as tx:
        (review,) = reviews(tx)
    (refund,) = lane.refunds()
    assert review.subject == str(refund.row.id)
    assert "was 24.50 and shipping 0.00 GBP when Mirakl confirmed it" in review.detail
    assert "is 25.00 and shipping 0.00 GBP now" in review.detail
    resolve_review(lane.fleet.ports, review.id, "dismiss", note="the operator knows")
    look(lane)
    assert lane.inbox() == set()
