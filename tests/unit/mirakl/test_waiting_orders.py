"""The sweep over the orders that wait for acceptance, while others take orders off the list."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import responses

from integration.answers import encode
from integration.errors import Retryable
from integration.http import Transport
from integration.mirakl.client import Mirakl
from integration.mirakl.operations import OR11
from tests.unit.mirakl.network import URL, CountingGate, query

START = datetime(2026, 1, 1, tzinfo=UTC)


class WaitingList:
    """OR11's list of waiting orders, oldest first; `meanwhile` runs after each page that is read."""

    def __init__(self, network: responses.RequestsMock, size: int) -> None:
        self.ids = [f"O-{number:04}" for number in range(size)]
        self.first_ids = list(self.ids)
        self.meanwhile: Callable[[int], None] = lambda _: None
        self.offsets: list[int] = []
        self.failing: set[int] = set()
        self.says: int | None = None
        network.add_callback(responses.GET, f"{URL}/api/orders", self._page)

    def _page(self, request: object) -> tuple[int, dict[str, str], bytes]:
        asked = dict(request.params)  # type: ignore[attr-defined]  # the recorded object has it
        offset, size = int(asked["offset"]), int(asked["max"])
        self.offsets.append(offset)
        if offset in self.failing:
            return 503, {}, b""
        listed = self.ids if asked["order"] == "asc" else self.ids[::-1]
        orders = [{"order_id": key, "created_date": _created(key)} for key in listed[offset : offset + size]]
        total = len(self.ids) if self.says is None else self.says
        answer = encode({"total_count": total, "orders": orders})
        self.meanwhile(len(self.offsets))
        return 200, {}, answer


def _created(order_id: str) -> str:
    return (START + timedelta(minutes=int(order_id[2:]))).isoformat()


@pytest.mark.parametrize(("size", "calls"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3), (1000, 10)])
def test_a_list_that_does_not_move_is_read_once_a_hundred_orders_a_call(
    network: responses.RequestsMock, mirakl: Mirakl, gate: CountingGate, size: int, calls: int
) -> None:
    waiting = WaitingList(network, size)
    assert [order.order_id for order in mirakl.waiting_orders()] == waiting.ids
    assert len(waiting.offsets) == calls
    assert gate.counted == [OR11]


def test_it_asks_for_waiting_orders_oldest_first_on_the_largest_pages(
    network: responses.RequestsMock, mirakl: Mirakl
) -> None:
    WaitingList(network, 1)
    mirakl.waiting_orders()
    assert query(network) == {
        "shop_id": "7",
        "order_state_codes": "WAITING_ACCEPTANCE",
        "sort": "dateCreated",
        "order": "asc",
        "max": "100",
        "offset": "0",
    }


@pytest.mark.parametrize("taken", [1, 99, 100, 101, 149, 150, 248, 250])
def test_orders_accepted_after_the_first_page_hide_none_behind_it(
    network: responses.RequestsMock, mirakl: Mirakl, taken: int
) -> None:
    waiting = WaitingList(network, 250)

    def accept(pages: int) -> None:
        if pages == 1:
            del waiting.ids[:taken]

    waiting.meanwhile = accept
    found = {order.order_id for order in mirakl.waiting_orders()}
    assert set(waiting.ids) <= found


@pytest.mark.parametrize("taken", [1, 7, 60, 99])
def test_a_list_that_moves_at_every_page_hides_none(
    network: responses.RequestsMock, mirakl: Mirakl, taken: int
) -> None:
    waiting = WaitingList(network, 1000)

    def accept(_: int) -> None:
        del waiting.ids[:taken]

    waiting.meanwhile = accept
    found = {order.order_id for order in mirakl.waiting_orders()}
    assert set(waiting.ids) <= found
    assert len(waiting.offsets) <= 50


def test_a_list_that_only_grows_is_read_to_its_new_end(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    waiting = WaitingList(network, 150)

    def arrive(pages: int) -> None:
        if pages == 1:
            waiting.ids += [f"O-{number}" for number in range(2000, 2080)]

    waiting.meanwhile = arrive
    assert {order.order_id for order in mirakl.waiting_orders()} == set(waiting.ids)


def test_a_list_that_never_comes_to_rest_does_not_hold_the_sweep_for_ever(
    network: responses.RequestsMock, mirakl: Mirakl
) -> None:
    waiting = WaitingList(network, 150)

    def arrive(pages: int) -> None:
        waiting.ids.append(f"O-{1000 + pages}")

    waiting.meanwhile = arrive
    assert set(waiting.first_ids) <= {order.order_id for order in mirakl.waiting_orders()}
    assert len(waiting.offsets) < 15


@pytest.mark.parametrize("taken", [50, 150, 249])
def test_one_sweep_asks_for_the_front_of_the_list_once_whatever_is_taken_off_it(
    network: responses.RequestsMock, mirakl: Mirakl, taken: int
) -> None:
    waiting = WaitingList(network, 250)

    def accept(pages: int) -> None:
        if pages == 1:
            del waiting.ids[:taken]

    waiting.meanwhile = accept
    mirakl.waiting_orders()
    assert waiting.offsets.count(0) == 1


def test_a_page_that_fails_does_not_cost_the_orders_read_before_it(
    network: responses.RequestsMock, mirakl: Mirakl, caplog: pytest.LogCaptureFixture
) -> None:
    waiting = WaitingList(network, 250)
    waiting.failing = {100}
    assert len(mirakl.waiting_orders()) == 150
    assert "ended after 150 orders" in caplog.text


def test_a_first_page_that_fails_is_the_callers(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    WaitingList(network, 5).failing = {0}
    with pytest.raises(Retryable):
        mirakl.waiting_orders()


def test_an_order_that_does_not_fit_delays_no_other(
    network: responses.RequestsMock, mirakl: Mirakl, caplog: pytest.LogCaptureFixture
) -> None:
    orders = [
        {"order_id": "odd", "created_date": "Zzcanary"},
        {"order_id": "undated"},
        {"order_id": "even", "created_date": "2026-01-02T10:00:00Z"},
    ]
    network.get(f"{URL}/api/orders", json={"total_count": 3, "orders": orders})
    caplog.set_level(logging.ERROR)
    assert [order.order_id for order in mirakl.waiting_orders()] == ["undated", "even"]
    assert "OR11 shows Order odd, which does not fit: created_date" in caplog.text
    assert "Zzcanary" not in caplog.text


def test_the_external_partner_tier_has_a_ceiling_of_its_own(network: responses.RequestsMock) -> None:
    WaitingList(network, 1)
    gate = CountingGate()
    Mirakl(Transport(base_url=URL, headers={}, gate=gate), tier="external_partner").waiting_orders()
    (counted,) = gate.counted
    assert (counted.code, counted.ceilings[0].seconds) == ("OR11", 900)


@pytest.mark.parametrize("says", [10**12, 10_000, 251, 3, 0, -1])
def test_a_total_that_lies_ends_the_sweep_with_what_is_there(
    network: responses.RequestsMock, mirakl: Mirakl, says: int
) -> None:
    """H1: `total_count: 10^12` made a call every few milliseconds, and nothing was accepted."""
    waiting = WaitingList(network, 250)
    waiting.says = says
    found = [order.order_id for order in mirakl.waiting_orders()]
    assert len(waiting.offsets) <= 25
    assert found == waiting.ids if says >= 250 else set(found) >= set(waiting.ids[:100])


def test_a_sweep_that_takes_too_long_ends_with_what_it_has(
    network: responses.RequestsMock, mirakl: Mirakl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H1: what was read is used, and the rest waits for the next sweep."""
    waiting, clock = WaitingList(network, 1_000), iter(range(0, 100_000, 50))
    monkeypatch.setattr("integration.mirakl.orders.monotonic", lambda: float(next(clock)))
    assert len(mirakl.waiting_orders()) == 300
    assert len(waiting.offsets) == 3
