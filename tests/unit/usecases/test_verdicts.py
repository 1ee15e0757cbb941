"""The warehouse's word, told once, twice, out of order or never: refunds and stock come out the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from integration.ledger import intents
from integration.ledger.reviews import reviews
from integration.ledger.tables import Intent
from integration.reveni.wire import ReveniReturn, WebhookEvent
from integration.sandbox import SandboxClient
from integration.usecases.read_verdict import poll_verdicts, store_event
from integration.usecases.replay import replay
from integration.usecases.store_verdict import store_verdict
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane, Parcel
from tests.unit.usecases.returned import held_for, row, twins, until_held


@pytest.fixture
def parcel(lane: Lane) -> Parcel:
    """Three units at 10.00 that are in Reveni, not judged yet."""
    lane.sandbox.seed_offers({"SKU-1": 5})
    parcel = lane.send_back(3, unit_price="10.00")
    lane.arrive(parcel)
    return parcel


def event(parcel_id: str | None, event_id: str = "evt-1") -> WebhookEvent:
    return WebhookEvent.model_validate(
        {"id": event_id, "event": "return.updated", "data": {"resource": "return", "resource_id": parcel_id}}
    )


def tell(lane: Lane, parcel: Parcel, event_id: str) -> bool:
    with lane.fleet.ports.ledger.write() as tx:
        return store_event(tx, event(lane.reveni_id(parcel), event_id))


def refunded(lane: Lane, parcel: Parcel) -> list[str]:
    """The amounts in Mirakl's own books."""
    return [f"{refund['amount']:.2f}" for refund in lane.sandbox.books()["refunds"].get(parcel.order_line_id, [])]


def done(lane: Lane, parcel: Parcel, refunds: list[str], stock: int) -> None:
    lane.until(lambda: refunded(lane, parcel) == refunds and lane.sandbox.books()["stock"]["SKU-1"] == stock)


def settle_down(lane: Lane) -> None:
    """Turn until nothing is open any more, so that what should not happen has had its chance."""

    def nothing_open() -> bool:
        with lane.fleet.ports.ledger.read() as tx:
            return not [one for one in tx.session.query(Intent) if one.state in intents.OPEN]

    lane.until(nothing_open)


@pytest.mark.crash_matrix(23)
def test_an_event_that_comes_ten_times_has_one_effect(lane: Lane, parcel: Parcel) -> None:
    lane.sandbox.judge(parcel.return_id, parcel.order_line_id, accepted=2)
    assert [tell(lane, parcel, "evt-1") for _ in range(10)] == [True] + [False] * 9
    assert [tell(lane, parcel, f"evt-{number}") for number in range(2, 6)] == [True] * 4
    done(lane, parcel, ["20.00"], 7)
    settle_down(lane)
    assert (refunded(lane, parcel), lane.sandbox.books()["stock"]) == (["20.00"], {"SKU-1": 7})


@pytest.mark.crash_matrix(23)
def test_events_in_any_order_end_alike(lane: Lane, parcel: Parcel) -> None:
    ports = lane.fleet.ports
    reveni_id = lane.reveni_id(parcel)
    assert reveni_id is not None
    snapshots: list[ReveniReturn] = []
    for units in (1, 2):
        lane.sandbox.judge(parcel.return_id, parcel.order_line_id, accepted=units)
        snapshots.append(ports.reveni.return_(reveni_id))
    words = []
    for snapshot in reversed(snapshots):
        with ports.ledger.write() as tx:
            words.append(store_verdict(ports, tx, snapshot))
    assert words[1] == "older than what is known"
    done(lane, parcel, ["30.00"], 8)


def test_what_no_webhook_told_the_poll_finds(lane: Lane, parcel: Parcel) -> None:
    lane.sandbox.judge(parcel.return_id, parcel.order_line_id, accepted=1)
    poll_verdicts(lane.fleet.ports)
    poll_verdicts(lane.fleet.ports)
    done(lane, parcel, ["10.00"], 6)
    assert poll_verdicts(lane.fleet.ports) == "1 seen"  # it looks back a little, and nothing follows from that
    settle_down(lane)
    assert refunded(lane, parcel) == ["10.00"]


def test_verdicts_that_grow_are_refunded_by_what_is_new(lane: Lane, parcel: Parcel) -> None:
    lane.judge(parcel, accepted=1)
    done(lane, parcel, ["10.00"], 6)
    lane.judge(parcel, rejected=1, reject_reason="defect")
    lane.judge(parcel, accepted=1)
    lane.until(lambda: row(lane, parcel).state == "closed")
    done(lane, parcel, ["10.00", "10.00"], 7)


def altered(twin: ReveniReturn, **changes: Any) -> ReveniReturn:
    """As Reveni would show the return with another item or status; newer than what is known."""
    items = tuple(item.model_copy(update=changes.get("item", {})) for item in twin.items or ())
    rest = {name: value for name, value in changes.items() if name != "item"}
    return twin.model_copy(update={"items": items, "updated_at": None, **rest})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"item": {"accepted_quantity": 1}}, "quantities_shrank"),
        ({"item": {"accepted_quantity": 4}}, "more_judged_than_returned"),
        ({"item": {"accepted_quantity": None}}, "verdict_incomplete"),
        ({"item": {"status": "vanished"}}, "unknown_reveni_status"),
        ({"item": {"external_id": "somebody-elses"}}, "item_not_in_return"),
        ({"item": {"external_id": None}}, "item_not_in_return"),
        ({"status": "on_the_moon"}, "unknown_reveni_status"),
    ],
)
def test_a_verdict_that_cannot_be_holds_the_return_and_takes_nothing_over(
    lane: Lane, parcel: Parcel, changes: dict[str, Any], reason: str
) -> None:
    lane.judge(parcel, accepted=2)
    done(lane, parcel, ["20.00"], 7)
    ports = lane.fleet.ports
    twin = ports.reveni.return_(str(lane.reveni_id(parcel)))
    with ports.ledger.write() as tx:
        assert store_verdict(ports, tx, altered(twin, **changes)) == f"held: {reason}"
    until_held(lane, parcel, reason)
    assert replay(ports, "return", parcel.return_id, apply=True).applied
    lane.until(lambda: held_for(lane, parcel) is None)
    lane.judge(parcel, accepted=1)
    lane.until(lambda: row(lane, parcel).state == "closed")
    assert refunded(lane, parcel) == ["20.00", "10.00"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mode": "instant"}, "reveni_pays_too"),
        ({"refunds": [{"id": "1", "amount": "20.00", "currency": "GBP", "method": "card"}]}, "reveni_pays_too"),
        ({"type": "exchange"}, "exchange"),
        ({"type": "gift"}, "unknown_return_type"),
        ({"mode": "sometimes"}, "unknown_return_mode"),
        ({"currency": "EUR"}, "currency_differs"),
        ({"currency": None}, "currency_unknown"),
    ],
)
def test_where_another_may_pay_the_refund_is_held_and_the_stock_still_moves(
    lane: Lane, parcel: Parcel, changes: dict[str, Any], reason: str
) -> None:
    lane.sandbox.set_reveni_return(parcel.return_id, **changes)
    lane.judge(parcel, accepted=2)
    lane.until(lambda: lane.inbox() == {("refund", reason)} and lane.sandbox.books()["stock"]["SKU-1"] == 7)
    assert refunded(lane, parcel) == []
    assert row(lane, parcel).state == "received"


def test_a_return_that_still_waits_for_its_refund_is_not_closed(lane: Lane, parcel: Parcel) -> None:
    lane.sandbox.set_reveni_return(parcel.return_id, mode="instant")
    lane.judge(parcel, accepted=3)
    lane.until(lambda: bool(lane.sandbox.books()["compliance"][parcel.return_id][parcel.order_line_id]))
    settle_down(lane)
    assert (row(lane, parcel).state, lane.sandbox.books()["returns"][parcel.return_id]) == ("judged", "RECEIVED")


def test_a_return_of_another_shop_is_none_of_ours(lane: Lane, parcel: Parcel) -> None:
    ports = lane.fleet.ports
    stranger = altered(ports.reveni.return_(str(lane.reveni_id(parcel)))).model_copy(
        update={"id": "another", "external_id": "another"}
    )
    with ports.ledger.write() as tx:
        assert store_verdict(ports, tx, stranger) == "not a return of this shop"


def test_an_event_about_no_return_is_a_case_for_a_person(lane: Lane) -> None:
    with lane.fleet.ports.ledger.write() as tx:
        store_event(tx, event("never-heard-of"))
    lane.until(lambda: lane.inbox() == {("event", "event_without_return")})
    with lane.fleet.ports.ledger.read() as tx:
        assert reviews(tx)[0].subject == "evt-1"


def test_nothing_is_left_undone_where_every_webhook_and_every_bell_is_lost(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str
) -> None:
    fleet = start_fleet(database_url, deaf=True)
    lane = Lane(fleet, sandbox)
    sandbox.seed_offers({"SKU-1": 5})
    waiting = sandbox.seed_order(lines=[{"sku": "SKU-1", "quantity": 1, "unit_price": "25.00"}])
    parcel = lane.send_back(1)

    def in_reveni() -> bool:
        half_a_minute_passes(lane)
        return bool(twins(lane, parcel)) and lane.reveni_id(parcel) is not None

    def at_its_end() -> bool:
        half_a_minute_passes(lane)
        return row(lane, parcel).state == "closed" and sandbox.books()["stock"] == {"SKU-1": 6}

    fleet.until(in_reveni)
    sandbox.judge(parcel.return_id, parcel.order_line_id, accepted=1)
    fleet.until(at_its_end)
    books = sandbox.books()
    assert refunded(lane, parcel) == ["25.00"]
    assert books["accepts"][waiting] == {"effective": 1, "calls": 1}
    assert books["ceiling_violations"] == {}


def half_a_minute_passes(lane: Lane) -> None:
    """Since the bells that were lost: the sweeper leaves whoever was rung for lately alone."""
    with lane.fleet.ports.ledger.write() as tx:
        tx.session.execute(update(Intent).values(rung_at=tx.now - timedelta(seconds=31)))
