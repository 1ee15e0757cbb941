"""Mirakl's call frequencies."""

from __future__ import annotations

import time
from typing import Any

import pytest

from integration.sandbox import RunningSandbox
from integration.sandbox.calls import Call, Refused
from integration.sandbox.ceilings import Ceilings
from tests.servers import wait_until
from tests.unit.sandbox.caller import Caller
from tests.unit.sandbox.conftest import Start

HEADER = '"offer-sku";"quantity";"warehouse-code";"update-delete"\n'


@pytest.fixture
def strict(start: Start) -> tuple[RunningSandbox, Caller]:
    """Ceilings as published, timers at once."""
    return start(scale=1.0, import_delay=0, debit_delay=0)


def test_a_second_sweep_within_the_minute_is_too_many(strict: tuple[RunningSandbox, Caller]) -> None:
    running, caller = strict
    order_id = running.client.seed_orders(25)[0]
    sweep: dict[str, Any] = {"order_state_codes": "WAITING_ACCEPTANCE"}
    assert caller.mirakl("GET", "/orders", query=sweep).status == 200
    assert caller.mirakl("GET", "/orders", query={**sweep, "offset": 10}).status == 200
    assert caller.mirakl("GET", "/orders", query={"order_ids": order_id}).status == 200
    refused = caller.mirakl("GET", "/orders", query={**sweep, "offset": 0})
    assert refused.status == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "too many requests" in refused.json["message"]
    assert running.client.books()["ceiling_violations"] == {"OR11": 1}


def test_returns_count_by_sweep_and_by_id_too(strict: tuple[RunningSandbox, Caller]) -> None:
    """P1: a read by id counts like the poll."""
    running, caller = strict
    running.client.seed_order(order_id="O", state="RECEIVED", lines=[{"sku": "A"}])
    for _ in range(2):
        running.client.open_return("O", [{"order_line_id": "O-1", "quantity": 1}])
    first = caller.mirakl("GET", "/returns", query={"limit": 1})
    assert caller.mirakl("GET", "/returns", query={"page_token": first.json["next_page_token"]}).status == 200
    assert caller.mirakl("GET", "/returns", query={"return_id": "any"}).status == 429
    assert caller.mirakl("GET", "/returns").status == 429


def test_imports_count_by_shop_and_their_status_by_import(strict: tuple[RunningSandbox, Caller]) -> None:
    running, caller = strict
    running.client.seed_offers({"A": 1})
    import_id = caller.import_stock(f'{HEADER}"GONE";"1";"";""\n').json["import_id"]
    assert caller.import_stock(HEADER).status == 429
    status = f"/offers/stock/imports/{import_id}"
    assert [caller.mirakl("GET", f"{status}/status").status for _ in range(2)] == [200, 429]
    assert caller.mirakl("GET", "/offers/stock/imports/other/status").status == 404
    assert [caller.mirakl("GET", f"{status}/error_report").status for _ in range(2)] == [200, 429]
    assert running.client.books()["ceiling_violations"] == {"STO01": 1, "STO02": 1, "STO03": 1}


def test_twenty_transaction_pages_a_minute_are_enough(strict: tuple[RunningSandbox, Caller]) -> None:
    _, caller = strict
    path = "/sellerpayment/transactions_logs"
    assert [caller.mirakl("GET", path).status for _ in range(21)] == [200] * 20 + [429]


def test_the_window_slides_and_is_scaled(start: Start) -> None:
    running, caller = start(scale=0.02)
    assert caller.mirakl("GET", "/orders").status == 200
    refused = caller.mirakl("GET", "/orders")
    # Whole seconds, as Mirakl sends them, though the window is 1.2 s here.
    assert (refused.status, refused.headers["Retry-After"]) == (429, "2")
    wait_until(lambda: caller.mirakl("GET", "/orders").status == 200)
    times = [call["at"] for call in running.client.calls("OR11") if call["status"] == 200]
    assert times[1] - times[0] >= 60 * 0.02


def test_without_ceilings_nothing_is_counted(start: Start) -> None:
    running, caller = start(scale=1.0, ceilings=False)
    assert [caller.mirakl("GET", "/orders").status for _ in range(3)] == [200] * 3
    assert running.client.books()["ceiling_violations"] == {}


def test_a_stranger_s_call_counts_against_nobody(strict: tuple[RunningSandbox, Caller]) -> None:
    _, caller = strict
    assert caller.call("GET", "/api/orders").status == 401
    assert caller.mirakl("GET", "/orders").status == 200


def test_the_hour_counts_as_well_as_the_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    ceilings = Ceilings(scale=1.0)
    call = Call(url="", target="", path={}, query={}, headers={}, body=b"", files={})
    for minute in range(3):
        now = minute * 60.0
        for _ in range(20):
            ceilings.admit("TL02", call)
    now = 3599.0
    with pytest.raises(Refused):
        ceilings.admit("TL02", call)
    now = 3600.0
    ceilings.admit("TL02", call)
