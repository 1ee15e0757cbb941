"""Published call frequencies hold for the whole fleet, to the last thread."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select, update

from integration.errors import Retryable
from integration.http import Ceiling, Operation
from integration.ledger import standings
from integration.ledger.ceilings import ARRIVAL_JITTER, FleetGate
from integration.ledger.orders import add_order
from integration.ledger.standings import paused_operations
from integration.ledger.store import Ledger, Tx
from integration.ledger.tables import CallRow, CeilingRow
from tests.unit.ledger.conftest import at_once

ONCE_A_MINUTE = Operation("OR11", "GET", "/", replay_safe=True, ceilings=(Ceiling(1, 60),))
TWO_WINDOWS = Operation("TL02", "GET", "/", replay_safe=True, ceilings=(Ceiling(20, 60), Ceiling(60, 3_600)))
UNLIMITED = Operation("OR28", "PUT", "/", replay_safe=False)


@pytest.fixture
def gate(ledger: Ledger) -> FleetGate:
    return FleetGate(ledger, scale=1)


def admitted(gate: FleetGate, operation: Operation) -> bool:
    try:
        gate.admit(operation)
    except Retryable:
        return False
    return True


def pass_time(ledger: Ledger, seconds: float) -> None:
    """As if every call had been made so much earlier."""
    with ledger.write() as tx:
        for call in tx.session.scalars(select(CallRow)):
            call.at -= timedelta(seconds=seconds)


def kept_calls(ledger: Ledger) -> int:
    with ledger.read() as tx:
        return tx.session.scalar(select(func.count()).select_from(CallRow)) or 0


def test_one_call_a_minute_is_one_call_a_minute(gate: FleetGate, ledger: Ledger) -> None:
    assert gate.opens_in(ONCE_A_MINUTE) == 0.0
    gate.admit(ONCE_A_MINUTE)
    with pytest.raises(Retryable, match="OR11 is at its published ceiling") as refusal:
        gate.admit(ONCE_A_MINUTE)
    assert refusal.value.retry_after == pytest.approx(60 + ARRIVAL_JITTER, abs=5)
    assert gate.opens_in(ONCE_A_MINUTE) == pytest.approx(60 + ARRIVAL_JITTER, abs=5)
    pass_time(ledger, 30)
    assert not admitted(gate, ONCE_A_MINUTE)
    pass_time(ledger, 31)
    assert admitted(gate, ONCE_A_MINUTE)


def test_each_of_two_windows_holds(gate: FleetGate, ledger: Ledger) -> None:
    for _minute in range(3):
        assert [admitted(gate, TWO_WINDOWS) for _ in range(20)] == [True] * 20
        assert not admitted(gate, TWO_WINDOWS)
        pass_time(ledger, 61)
    assert not admitted(gate, TWO_WINDOWS)  # sixty calls within the hour
    pass_time(ledger, 3_300)
    assert not admitted(gate, TWO_WINDOWS)
    pass_time(ledger, 200)
    assert admitted(gate, TWO_WINDOWS)


@pytest.mark.parametrize("ceiling", [1, 3])
def test_of_eight_threads_exactly_as_many_pass_as_may(gate: FleetGate, ceiling: int) -> None:
    operation = Operation("STO01", "POST", "/", replay_safe=False, ceilings=(Ceiling(ceiling, 60),))
    assert at_once(8, lambda _number: admitted(gate, operation)).count(True) == ceiling


def test_a_refused_call_takes_no_place(gate: FleetGate, ledger: Ledger) -> None:
    gate.admit(ONCE_A_MINUTE)
    for _ in range(5):
        admitted(gate, ONCE_A_MINUTE)
    assert kept_calls(ledger) == 1


def test_the_windows_shrink_beside_a_simulator(ledger: Ledger) -> None:
    gate = FleetGate(ledger, scale=0.1)
    gate.admit(ONCE_A_MINUTE)
    assert gate.opens_in(ONCE_A_MINUTE) <= 6 + ARRIVAL_JITTER
    pass_time(ledger, 6.1)
    assert admitted(gate, ONCE_A_MINUTE)


def test_operations_and_shops_do_not_share_a_ceiling(gate: FleetGate, ledger: Ledger) -> None:
    gate.admit(ONCE_A_MINUTE)
    assert admitted(gate, TWO_WINDOWS)
    other_shop = FleetGate(Ledger(ledger.engine, shop="other", who="test"), scale=1)
    assert admitted(other_shop, ONCE_A_MINUTE)


def test_what_has_no_ceiling_is_not_counted_and_a_429_closes_it_for_everybody(gate: FleetGate, ledger: Ledger) -> None:
    """P3: a 429 pauses its operation for the whole fleet, whether or not it has a ceiling, and whether or not the call
    counts."""
    other_process = FleetGate(ledger, scale=1)
    assert admitted(gate, UNLIMITED)
    gate.close(UNLIMITED, 60)
    gate.close(ONCE_A_MINUTE, 60)
    for one in (gate, other_process):
        assert not admitted(one, UNLIMITED)
        assert one.opens_in(UNLIMITED) > 55
        with pytest.raises(Retryable, match="OR11 is paused"):
            one.admit(ONCE_A_MINUTE, counted=False)
    assert kept_calls(ledger) == 0


def test_what_is_paused_is_read_once_a_second_however_many_calls_there_are(ledger: Ledger) -> None:
    """P3: an order's acceptance does not become slower by it."""
    gate = FleetGate(ledger, scale=1)
    statements: list[str] = []
    event.listen(ledger.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))

    def call_often(_number: int) -> None:
        for _ in range(50):
            gate.admit(UNLIMITED)

    at_once(8, call_often)
    assert len([one for one in statements if "ceilings" in one]) <= 3


def test_a_429_closes_the_operation_for_everybody(gate: FleetGate, ledger: Ledger) -> None:
    gate.close(ONCE_A_MINUTE, 30)
    assert not admitted(FleetGate(ledger, scale=1), ONCE_A_MINUTE)
    assert gate.opens_in(ONCE_A_MINUTE) == pytest.approx(30, abs=5)


def test_of_several_429s_the_longest_counts(gate: FleetGate) -> None:
    gate.close(ONCE_A_MINUTE, 100)
    gate.close(ONCE_A_MINUTE, 1)
    assert gate.opens_in(ONCE_A_MINUTE) > 90
    gate.close(ONCE_A_MINUTE, 200)
    assert gate.opens_in(ONCE_A_MINUTE) > 190


def test_429s_to_eight_threads_at_once_are_one_closing(gate: FleetGate) -> None:
    at_once(8, lambda number: gate.close(ONCE_A_MINUTE, 60 + number))
    assert gate.opens_in(ONCE_A_MINUTE) > 60


def test_a_closing_ends_by_itself_and_grows_with_each_that_follows_until_a_call_goes_through(ledger: Ledger) -> None:
    """P4: a told pause of 0 still backs off, an absurd one is 15 minutes, and a success begins anew."""
    gate = FleetGate(ledger, scale=1)

    def over() -> None:
        with ledger.write() as tx:
            tx.session.execute(update(CeilingRow).values(closed_until=tx.now - timedelta(seconds=1)))
        gate.close(TWO_WINDOWS, 0.0)  # has this process read again

    pauses = []
    for _ in range(4):
        pauses.append(round(gate.close(UNLIMITED, 0.0)))
        over()
    assert pauses == [1, 2, 4, 8]
    assert gate.close(UNLIMITED, 1_771_404_540.0) == pytest.approx(900, abs=1)
    over()
    assert admitted(gate, UNLIMITED)
    gate.answered(UNLIMITED, "mirakl", 200)
    assert gate.close(UNLIMITED, 0.0) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("left", "least", "most"), [(1_800, 800, 900), (600, 500, 540), (30, 0.5, 1)])
def test_no_pause_outlasts_an_orders_time(
    gate: FleetGate, ledger: Ledger, left: int, least: float, most: float
) -> None:
    """P4: acceptance is tried again before the first order's time is over, whatever was asked for."""
    with ledger.write() as tx:
        for order_id, seconds in (("O-1", left), ("O-2", left + 9_999), ("O-3", -60)):
            deadline = tx.now + timedelta(seconds=seconds)
            add_order(tx, order_id=order_id, commercial_id=None, lines=[], created_date=tx.now, deadline=deadline)
    assert least <= gate.close(Operation("OR21", "PUT", "/", replay_safe=False), 10_000) <= most
    assert gate.close(UNLIMITED, 10_000) == pytest.approx(900, abs=1)


def test_a_pause_that_no_fleet_of_ours_has_set_is_none(gate: FleetGate, ledger: Ledger) -> None:
    """P4: the clock was set back, or an older version obeyed an epoch date: nothing is parked for years."""
    with ledger.write() as tx:
        until = tx.now + timedelta(days=20_000)
        tx.session.add(CeilingRow(shop=tx.shop, operation=ONCE_A_MINUTE.code, closed_until=until, closings=1))
    assert gate.opens_in(ONCE_A_MINUTE) == 0.0
    assert admitted(gate, ONCE_A_MINUTE)


def told(caplog: pytest.LogCaptureFixture, alert: str) -> int:
    return [vars(record).get("alert") for record in caplog.records].count(alert)


def test_refused_credentials_are_told_once_for_each_episode_from_whichever_call(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    """S1: a revoked key (401) is one alert for all that it opens; a role that is lacking (403) one for each call."""
    processes = [FleetGate(ledger, scale=1) for _ in range(2)]
    account = Operation("SBC11", "GET", "/", replay_safe=True, needs_role=True)

    def answer(operation: Operation, status: int) -> None:
        for gate in processes:
            gate.close(TWO_WINDOWS, 0.0)  # has it read again
            gate.admit(operation, counted=False)
            gate.answered(operation, "mirakl", status)

    for operation in (ONCE_A_MINUTE, UNLIMITED, ONCE_A_MINUTE):
        answer(operation, 401)
    assert told(caplog, "credentials_refused") == 1
    for status in (200, 401):
        answer(UNLIMITED, status)
        answer(ONCE_A_MINUTE, status)
    assert told(caplog, "credentials_refused") == 2
    answer(Operation("RT27", "PUT", "/", replay_safe=False), 403)
    assert told(caplog, "credentials_refused") == 3
    answer(account, 403)
    assert told(caplog, "credentials_refused") == 3
    with ledger.read() as tx:
        assert [row.operation for row in paused_operations(tx)] == ["OR11", "OR28", "RT27"]


def test_a_call_that_fails_for_ten_minutes_is_told_once_until_it_answers_again(
    ledger: Ledger, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: a permanent 5xx, or silence, of any call."""
    gate, passed = FleetGate(ledger, scale=1), [0.0]
    monkeypatch.setattr(standings, "monotonic", lambda: passed[0])
    began = datetime(2026, 11, 23, tzinfo=UTC)
    monkeypatch.setattr(Tx, "_read_clock", lambda _tx: began + timedelta(seconds=passed[0]))

    def answers(*statuses: int | None) -> None:
        for status in statuses:
            passed[0] += 60.0
            gate.admit(UNLIMITED)
            gate.answered(UNLIMITED, "mirakl", status)

    answers(*[503, None] * 5)
    assert told(caplog, "calls_failing") == 0
    answers(*[503, None] * 5)
    assert told(caplog, "calls_failing") == 1
    answers(404, *[500] * 9)
    assert told(caplog, "calls_failing") == 1
    answers(*[500] * 5)
    assert told(caplog, "calls_failing") == 2


def test_calls_that_left_every_window_are_forgotten(gate: FleetGate, ledger: Ledger) -> None:
    gate.admit(ONCE_A_MINUTE)
    with ledger.write() as tx:
        tx.session.execute(update(CallRow).values(at=tx.now - timedelta(seconds=121)))
    gate.admit(ONCE_A_MINUTE)
    assert kept_calls(ledger) == 1


def test_a_window_begins_when_the_call_has_arrived_and_a_lost_call_has_by_its_deadline(ledger: Ledger) -> None:
    gate = FleetGate(ledger, scale=1, longest_call=20)
    gate.admit(ONCE_A_MINUTE)
    assert gate.opens_in(ONCE_A_MINUTE) == pytest.approx(80, abs=5)
    gate.arrived(ONCE_A_MINUTE)
    assert gate.opens_in(ONCE_A_MINUTE) == pytest.approx(60, abs=5)
    gate.arrived(UNLIMITED)
    assert kept_calls(ledger) == 1


def test_a_call_that_nobody_counted_has_nothing_to_begin(gate: FleetGate, ledger: Ledger) -> None:
    gate.arrived(ONCE_A_MINUTE)
    assert kept_calls(ledger) == 0
