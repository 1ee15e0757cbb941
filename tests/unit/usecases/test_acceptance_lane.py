"""The acknowledgement lane beyond one order: batches, the seller's rule, deadlines, the operator's figures."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from integration.ledger import intents
from integration.ledger.batches import claim_all, confirm_all
from integration.ledger.journal import journal_of
from integration.ledger.orders import acknowledge_all, add_order, get_order, orders
from integration.ledger.reviews import reviews
from integration.ledger.tables import AlertRow, OrderRow
from integration.mirakl.wire.platform import Configuration, ShopStatistics
from integration.sandbox import SandboxOptions, start_sandbox
from integration.usecases.call_pool import CallPool
from integration.usecases.carry_out_many import carry_out_many
from integration.usecases.catalogue import ACTS
from integration.usecases.poll_orders import poll_orders, store_waiting_orders
from integration.usecases.watch_deadlines import acceptance_forecast, watch_deadlines
from integration.usecases.watch_held_orders import watch_held_orders
from integration.usecases.watch_platform import watch_platform
from tests.inline_fleet import IMPATIENT, InlineFleet, settings_for
from tests.unit.ledger.conftest import at_once

Make = Callable[..., InlineFleet]


@pytest.fixture
def sandbox() -> Iterator[Any]:
    with start_sandbox(SandboxOptions(scale=0.005, debit_delay=0)) as running:
        yield running.client


@pytest.fixture
def make(sandbox: Any, tmp_path: Path) -> Iterator[Make]:
    made: list[InlineFleet] = []

    def fleet(database_url: str | None = None, **over: object) -> InlineFleet:
        url = database_url or f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
        made.append(InlineFleet(settings_for(sandbox.environment(), data_dir=tmp_path, database_url=url, **over)))
        return made[-1]

    yield fleet
    for one in made:
        one.close()


def acknowledged(fleet: InlineFleet) -> int:
    with fleet.ports.ledger.read() as tx:
        return len(orders(tx, state="acknowledged"))


def test_a_batch_is_accepted_once_each_on_both_databases(make: Make, sandbox: Any, database_url: str) -> None:
    fleet = make(database_url)
    sandbox.seed_orders(40)
    fleet.until(lambda: acknowledged(fleet) == 40)
    assert {(one["effective"], one["calls"]) for one in sandbox.books()["accepts"].values()} == {(1, 1)}


def test_one_failing_order_of_a_batch_keeps_none_of_the_others_from_being_recorded(make: Make, sandbox: Any) -> None:
    fleet = make()
    order_ids = sandbox.seed_orders(12)
    sandbox.add_fault("OR21", "status_before", status=500, times=1, match=order_ids[3])
    sandbox.add_fault("OR21", "lost_after", times=1, match=order_ids[5])
    sandbox.add_fault("OR21", "status_before", status=429, times=1, match=order_ids[7])
    fleet.until(lambda: acknowledged(fleet) == 12)
    assert {one["effective"] for one in sandbox.books()["accepts"].values()} == {1}


def test_an_intent_is_claimed_by_one_batch_and_confirmed_under_its_newest_token_alone(make: Make) -> None:
    fleet = make()
    ledger = fleet.ports.ledger
    with ledger.write() as tx:
        ids = [intents.decide(tx, "accept_order", f"O-{n}", plan={"lines": {"1": True}})[0].id for n in range(3)]
    with ledger.write() as tx:
        first = claim_all(tx, ids, lease=60)
    with ledger.write() as tx:
        assert claim_all(tx, ids, lease=60) == []
        overtaken = intents.get(tx, first[0].id)
        assert overtaken is not None
        overtaken.token += 1
    with ledger.write() as tx:
        confirmed = confirm_all(tx, [(intent, {"answer": "by_us"}) for intent in first])
    assert confirmed == {intent.id for intent in first[1:]}
    with ledger.read() as tx:
        assert [entry.to_state for entry in journal_of(tx, first[1].id)] == ["decided", "claimed", "confirmed"]
        assert [entry.to_state for entry in journal_of(tx, first[0].id)] == ["decided", "claimed"]


def test_the_sellers_rule_holds_an_unknown_sku_and_a_replay_accepts_the_order(make: Make, sandbox: Any) -> None:
    fleet = make(acceptance_unknown_sku="hold")
    order_id = sandbox.seed_order(lines=[{"sku": "UNHEARD-OF", "quantity": 1, "unit_price": "10.00"}])
    fleet.until(lambda: bool(_inbox(fleet)))
    assert _inbox(fleet) == [("order", order_id, "unknown_offer_sku")]
    assert sandbox.books()["accepts"] == {}
    with fleet.ports.ledger.write() as tx:
        intent = intents.find(tx, "accept_order", order_id)
        assert intent is not None
        intents.reopen(tx, intent, reason="replayed")
    fleet.until(lambda: acknowledged(fleet) == 1)


def test_the_sellers_rule_refuses_an_order_of_unknown_skus_and_says_that_it_did(make: Make, sandbox: Any) -> None:
    fleet = make(acceptance_unknown_sku="refuse")
    order_id = sandbox.seed_order(lines=[{"sku": "UNHEARD-OF", "quantity": 1, "unit_price": "10.00"}])
    lost = sandbox.seed_order(lines=[{"sku": "UNHEARD-OF-TOO", "quantity": 1, "unit_price": "10.00"}])
    sandbox.add_fault("OR21", "lost_after", times=1, match=lost)
    fleet.until(lambda: acknowledged(fleet) == 2)
    with fleet.ports.ledger.read() as tx:
        rows = [get_order(tx, one) for one in (order_id, lost)]
    assert [(row.reason, row.acknowledged_by) for row in rows if row] == [("refused_by_rule", "us")] * 2
    assert {sandbox.books()["orders"][one] for one in (order_id, lost)} == {"REFUSED"}


def see_longer_ago(fleet: InlineFleet) -> None:
    with fleet.ports.ledger.write() as tx:
        tx.session.execute(update(OrderRow).values(first_seen_at=tx.now - timedelta(minutes=5)))


def test_each_step_of_the_clock_is_told_once_and_a_late_order_overtakes(
    make: Make, sandbox: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """S6: an order that became visible late is not told of at first sight, and goes ahead all the same."""
    fleet = make(acceptance_sla_hours=1.0)
    fleet.deaf = True
    half = sandbox.seed_order(lines=[{"sku": "A", "quantity": 1, "unit_price": "1.00"}], created_ago=2_000)
    late = sandbox.seed_order(lines=[{"sku": "A", "quantity": 1, "unit_price": "1.00"}], created_ago=2_800)
    later = sandbox.seed_order(lines=[{"sku": "A", "quantity": 1, "unit_price": "1.00"}], created_ago=3_400)
    sandbox.seed_order(lines=[{"sku": "A", "quantity": 1, "unit_price": "1.00"}])
    poll_orders(fleet.ports)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert watch_deadlines(fleet.ports) == "0 told"  # accepted within a second or two, as a rule
        see_longer_ago(fleet)
        assert watch_deadlines(fleet.ports) == "3 told"
        assert watch_deadlines(fleet.ports) == "0 told"
    told = {(record.__dict__["order_id"], record.__dict__["percent"], record.levelname) for record in caplog.records}
    assert told == {(half, 50, "WARNING"), (late, 75, "ERROR"), (later, 90, "CRITICAL")}
    with fleet.ports.ledger.read() as tx:
        urgent = {one: intents.find(tx, "accept_order", one) for one in (half, late, later)}
    assert {one: intent.urgent for one, intent in urgent.items() if intent} == {half: False, late: True, later: True}


def test_the_clock_runs_for_a_held_order_and_it_is_missed_when_mirakl_has_refused_it(
    make: Make, sandbox: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """L5: held by the seller's own rule, it is told at 90 % of its time; what becomes of it is read."""
    fleet = make(acceptance_sla_hours=1.0, acceptance_unknown_sku="hold")
    lines = [{"sku": "UNHEARD-OF", "quantity": 1, "unit_price": "1.00"}]
    missed, taken = (sandbox.seed_order(lines=lines, created_ago=3_400) for _ in range(2))
    fleet.until(lambda: len(_inbox(fleet)) == 2)
    with caplog.at_level(logging.CRITICAL):
        assert watch_deadlines(fleet.ports) == "2 told"
    assert {record.__dict__["percent"] for record in caplog.records if "percent" in record.__dict__} == {90}
    assert watch_held_orders(fleet.ports) == "2 held, 0 settled"
    assert watch_held_orders(fleet.ports) == "not due"
    sandbox.set_order_state(missed, "REFUSED")
    sandbox.set_order_state(taken, "SHIPPING")
    fleet.until(lambda: watch_held_orders(fleet.ports) == "2 held, 2 settled")
    assert _inbox(fleet) == [("order", missed, "acceptance_missed")]
    with fleet.ports.ledger.read() as tx:
        rows = {one: get_order(tx, one) for one in (missed, taken)}
    assert {one: row.state for one, row in rows.items() if row} == {missed: "missed", taken: "acknowledged"}


@pytest.mark.parametrize("latency", [0.05, 0.4])
def test_an_order_with_little_time_left_waits_for_no_more_than_two_calls_of_each_connection(
    make: Make, sandbox: Any, latency: float
) -> None:
    """L6: it is found behind fresh ones, whose batches keep every thread of the worker busy."""
    fleet, pool = make(acceptance_sla_hours=1.0), CallPool(16)
    fleet.deaf = True
    sandbox.seed_orders(152)
    poll_orders(fleet.ports)
    with fleet.ports.ledger.read() as tx:
        fresh = [intent.id for order in orders(tx) if (intent := intents.find(tx, "accept_order", order.order_id))]
    sandbox.set_latency(latency)

    def accept(batch: list[UUID]) -> None:
        carry_out_many(fleet.ports, ACTS["accept_order"], batch, retry=IMPATIENT, pool=pool)

    with ThreadPoolExecutor(8) as threads:
        for start in range(0, len(fresh), 16):
            threads.submit(accept, fresh[start : start + 16])
        end = time.monotonic() + 30
        while not sandbox.calls("OR21") and time.monotonic() < end:
            time.sleep(0.01)
        late = sandbox.seed_order(lines=[{"sku": "A", "quantity": 1, "unit_price": "1.00"}], created_ago=3_400)
        fleet.until(lambda: "new" in poll_orders(fleet.ports) and _is_known(fleet, late))
        before = len(sandbox.calls("OR21"))
    asked = [call["request"] for call in sandbox.calls("OR21")]
    place = next(number for number, request in enumerate(asked) if late in request)
    assert place - before <= 2 * pool.size
    assert len(asked) == 153
    pool.shutdown()


def _is_known(fleet: InlineFleet, order_id: str) -> bool:
    with fleet.ports.ledger.read() as tx:
        return get_order(tx, order_id) is not None


def test_a_backlog_that_will_not_make_it_is_told_once_while_there_is_time(
    make: Make, sandbox: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """S6: it wakes somebody only where the rate was too low for a while; where none was accepted, there is no rate."""
    fleet = make(acceptance_sla_hours=1.0)
    fleet.deaf = True
    *_, accepted = sandbox.seed_orders(3)
    poll_orders(fleet.ports)
    with fleet.ports.ledger.read() as tx:
        assert acceptance_forecast(fleet.settings, tx) is None  # too early to say
    see_longer_ago(fleet)
    with fleet.ports.ledger.read() as tx:
        assert acceptance_forecast(fleet.settings, tx) is None  # after an outage, none was accepted lately
    with fleet.ports.ledger.write() as tx:
        acknowledge_all(tx, [accepted])
        tx.session.execute(update(OrderRow).values(deadline=tx.now + timedelta(seconds=5), alerted_percent=100))
    with caplog.at_level(logging.CRITICAL):
        for _ in range(2):
            watch_deadlines(fleet.ports)
        assert caplog.records == []
        with fleet.ports.ledger.write() as tx:
            tx.session.execute(update(AlertRow).values(given_at=tx.now - timedelta(minutes=5)))
        for _ in range(2):
            watch_deadlines(fleet.ports)
    alerts = [record for record in caplog.records if vars(record).get("alert") == "acceptance_forecast"]
    assert [vars(record)["waiting"] for record in alerts] == [2]


class Operator:
    """What A21 and PC01 say, in place of the sandbox, which never refuses by itself here."""

    def __init__(self, *, rate: Decimal, acceptance: str) -> None:
        self._rate, self._acceptance = rate, acceptance

    def shop_statistics(self) -> ShopStatistics:
        return ShopStatistics.model_validate({"auto_refused_rate": [{"period": "LAST_MONTH", "value": self._rate}]})

    def configuration(self) -> Configuration:
        return Configuration.model_validate({"features": {"order_workflows": {"order_acceptance": self._acceptance}}})


@pytest.mark.parametrize(
    ("rate", "acceptance", "missed", "told"),
    [
        ("2.5", "NOT_AUTOMATIC", 0, ["acceptance_books_differ"]),
        ("2.5", "NOT_AUTOMATIC", 1, []),
        ("0", "AUTOMATIC", 0, [None]),
        ("0", "BOTH", 0, []),
    ],
)
def test_refusals_that_our_books_do_not_know_and_a_lane_with_nothing_to_do_are_told(
    make: Make, caplog: pytest.LogCaptureFixture, rate: str, acceptance: str, missed: int, told: list[str | None]
) -> None:
    fleet = make()
    operator: Any = Operator(rate=Decimal(rate), acceptance=acceptance)
    with fleet.ports.ledger.write() as tx:
        for number in range(missed):
            row = add_order(
                tx, order_id=f"O-{number}", commercial_id=None, lines=[], created_date=tx.now, deadline=tx.now
            )
            row.state = "missed"
    with caplog.at_level(logging.WARNING):
        watch_platform(replace(fleet.ports, mirakl=operator))
    assert [record.__dict__.get("alert") for record in caplog.records] == told


def test_the_operators_figures_are_read_once_a_day(make: Make) -> None:
    fleet = make()
    assert watch_platform(fleet.ports) == "0 periods with refused orders, 0 missed by our books"
    assert watch_platform(fleet.ports) == "the ceiling is closed"


def _inbox(fleet: InlineFleet) -> list[tuple[str, str, str]]:
    with fleet.ports.ledger.read() as tx:
        return [(review.kind, review.subject, review.reason) for review in reviews(tx)]


def test_two_sweeps_that_find_the_same_orders_write_each_down_once(make: Make, sandbox: Any, postgres_url: str) -> None:
    """H6: neither fails since the other was faster, which would have left all of its orders to the next poll."""
    fleet = make(postgres_url)
    sandbox.seed_orders(20)
    with fleet.ports.ledger.read() as tx:
        began = tx.now
    waiting = fleet.ports.mirakl.waiting_orders()
    found = at_once(4, lambda _: store_waiting_orders(fleet.ports, waiting, read_since=began))
    assert sorted(found) == [0, 0, 0, 20]
