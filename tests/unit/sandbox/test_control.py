"""The control API, its client and the ways to run a sandbox."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from integration.sandbox import ControlRefused, SandboxClient, SandboxOptions, start_sandbox
from tests.unit.sandbox.caller import Caller
from tests.unit.sandbox.conftest import Start


def test_the_environment_points_a_fleet_at_the_sandbox(start: Start) -> None:
    running, _ = start(scale=0.05, ceilings=False)
    plain = running.client.environment()
    assert plain == {
        "MIRAKL_BASE_URL": running.url,
        "MIRAKL_API_KEY": "sandbox-mirakl-key",
        "REVENI_BASE_URL": f"{running.url}/merchants/v0",
        "REVENI_STORE_ID": "sandbox-store",
        "REVENI_API_KEY": "sandbox-reveni-key",
        "CALL_INTERVAL_SCALE": "0.05",
    }
    more = running.client.environment(bigcommerce=True)
    assert set(more) - set(plain) == {
        "BIGCOMMERCE_BASE_URL",
        "BIGCOMMERCE_STORE_HASH",
        "BIGCOMMERCE_TOKEN",
        "BIGCOMMERCE_LOCATION_ID",
    }


def test_a_reset_forgets_everything(sandbox: SandboxClient, caller: Caller) -> None:
    sandbox.seed_orders(2)
    sandbox.set_configuration({"features": {"order_tax_mode": "TAX_EXCLUDED"}})
    sandbox.add_fault("*", "status_before")
    assert caller.mirakl("GET", "/orders").status == 503
    sandbox.reset()
    assert caller.mirakl("GET", "/orders").json["total_count"] == 0
    assert sandbox.books()["calls"] == {"OR11": 1}
    configuration = caller.mirakl("GET", "/platform/configuration").json
    assert configuration["features"]["order_tax_mode"] == "TAX_INCLUDED"


def test_a_timer_does_not_outlive_a_reset(start: Start) -> None:
    running, caller = start(scale=1.0, debit_delay=30.0, ceilings=False)
    order_id = running.client.seed_orders(1)[0]
    caller.accept(order_id, {f"{order_id}-1": True})
    running.client.reset()
    assert running.client.books()["orders"] == {}


def test_calls_are_kept_in_order_with_their_status(sandbox: SandboxClient, caller: Caller) -> None:
    order_id = sandbox.seed_orders(1)[0]
    caller.accept(order_id, {f"{order_id}-1": True})
    caller.reveni("GET", "returns/none")
    accepted, read = sandbox.calls()
    assert (accepted["operation"], accepted["status"]) == ("OR21", 204)
    assert accepted["request"] == f"PUT /api/orders/{order_id}/accept"
    assert '"accepted": true' in accepted["body"]
    assert (read["operation"], read["status"], read["body"]) == ("GET_RETURN", 404, None)
    assert accepted["at"] <= read["at"]
    assert sandbox.calls("OR28") == []


def test_what_the_sandbox_cannot_do_is_said(sandbox: SandboxClient, caller: Caller) -> None:
    with pytest.raises(ControlRefused, match=r"set_order_state: KeyError"):
        sandbox.ship("none")
    with pytest.raises(ControlRefused, match=r"colour.*is nothing that can be told"):
        sandbox.seed_orders(1, colour="red")
    with pytest.raises(ControlRefused, match=r"is not an amount in GBP"):
        sandbox.seed_order(lines=[{"sku": "A", "unit_price": "1.001"}])
    assert caller.call("POST", "/sandbox/dance").status == 404
    assert caller.call("POST", "/sandbox/books", raw=b"nonsense").status == 400


def test_a_taken_port_is_the_caller_s_error() -> None:
    with start_sandbox(SandboxOptions()) as running:
        port = int(running.url.rpartition(":")[2])
        with pytest.raises(OSError, match=r"in use"):
            start_sandbox(port=port)


def test_stopping_twice_is_stopping_once() -> None:
    running = start_sandbox()
    running.stop()
    running.stop()
    with pytest.raises(OSError, match=r"refused"):
        running.client.books()


def test_in_the_foreground_it_serves_until_it_is_interrupted() -> None:
    program = (
        "from integration.sandbox import SandboxOptions, run_sandbox\n"
        "run_sandbox(SandboxOptions(), 0, ready=lambda url: print(url, flush=True))"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert SandboxClient(url).books()["orders"] == {}
    finally:
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode != 0
