"""Published call frequencies hold for the whole fleet, to the last thread."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from integration.errors import Retryable
from integration.http import Ceiling, Operation
from integration.ledger.ceilings import ARRIVAL_JITTER, FleetGate
from integration.ledger.store import Ledger
from integration.ledger.tables import CallRow
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


def test_what_has_no_ceiling_is_neither_counted_nor_closed(gate: FleetGate, ledger: Ledger) -> None:
    gate.close(UNLIMITED, 60)
    assert admitted(gate, UNLIMITED)
    assert gate.opens_in(UNLIMITED) == 0.0
    assert kept_calls(ledger) == 0


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


def test_a_closing_ends_by_itself(gate: FleetGate) -> None:
    gate.close(ONCE_A_MINUTE, -1)
    assert admitted(gate, ONCE_A_MINUTE)


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
