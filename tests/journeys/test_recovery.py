"""Backup, more work, restore: the fleet finds it out, a person looks, and nothing is paid, made or sold twice."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integration.ledger.returns import returns
from integration.ledger.reviews import reviews
from integration.ledger.stock import movements
from integration.sandbox.client import SandboxClient
from integration.usecases.ports import Ports
from integration.usecases.recover import recover
from integration.usecases.replay import replay
from integration.usecases.resolve_review import resolve_review
from integration.wiring import make_ports
from tests.journeys.conftest import SCALE
from tests.running_fleet import RunningFleet, sandbox_process
from tests.servers import postgres_programs, wait_until

pytestmark = pytest.mark.journeys

A_STEP_TAKES = 90.0
FITS_NOT = "RETURN_PDNT_TOO_SMALL"
SKUS = ("SKU-A", "SKU-B", "SKU-C")
OPENING = dict.fromkeys(SKUS, 10)
UNITS = 3
"""Of each SKU so many are bought and come back."""


class Shop:
    """Three returns of three units, one of each SKU, and what the sandbox's own books say of them."""

    def __init__(self, fleet: RunningFleet, sandbox: SandboxClient) -> None:
        self.fleet, self.sandbox = fleet, sandbox
        self.lines: dict[str, str] = {}
        self.back: dict[str, str] = {}

    def send_back(self, sku: str) -> None:
        order_id = self.sandbox.seed_order(
            state="RECEIVED", lines=[{"sku": sku, "quantity": UNITS, "unit_price": "25.00"}]
        )
        self.lines[sku] = f"{order_id}-1"
        line = {"order_line_id": self.lines[sku], "quantity": UNITS, "reason_code": FITS_NOT}
        self.back[sku] = self.sandbox.open_return(order_id, [line])

    def wait_for_twins(self) -> None:
        self._wait(
            "twins of all returns",
            lambda: (
                {one.return_id for one in self.fleet.read(returns) if one.reveni_return_id} == set(self.back.values())
            ),
        )

    def accept(self, sku: str) -> None:
        self.sandbox.judge(self.back[sku], self.lines[sku], accepted=1)

    def wait_for(self, **units: int) -> None:
        """So many units of each SKU are refunded and on sale, and the ledger knows it."""
        self._wait(f"{units} refunded", lambda: {sku: len(self.paid(f"SKU-{sku}")) for sku in units} == units)
        self._wait(f"{units} on sale", lambda: all(self.shelf(f"SKU-{sku}") == 10 + units[sku] for sku in units))
        self._wait(
            "movements that are done",
            lambda: not self.fleet.read(lambda tx: movements(tx, states=["pending", "sent"])),
        )

    def paid(self, sku: str) -> list[str]:
        return [one["refund_id"] for one in self.sandbox.books()["refunds"].get(self.lines[sku], [])]

    def shelf(self, sku: str) -> int:
        level: int = self.sandbox.books()["stock"][sku]
        return level

    def wait_for_recovery(self, reason: str) -> dict[str, Any]:
        """The fleet runs, says why it sends nothing, and reads until a plan can be carried out: the plan."""
        self.fleet.start()
        self.fleet.wait_until_ready()
        assert self.fleet.rows("status")["recovery"]["reason"] == reason
        assert "IN RECOVERY" in self.fleet.log()
        web = f"http://127.0.0.1:{self.fleet.settings.web_port}"
        assert json.loads(_get(f"{web}/readyz"))["recovery"]
        assert "backhaul_recovery 1.0" in _get(f"{web}/metrics")
        with self._ports() as ports:
            self._wait("a plan that is whole", lambda: not recover(ports, apply=False).missing)
        plan: dict[str, Any] = self.fleet.rows("recover", "--apply")
        return plan

    def say_what_each_case_is(self) -> None:
        """Refunds that nobody knows are ours, and the units that were on sale before are on sale."""
        with self._ports() as ports:
            for case in self.fleet.read(reviews):
                if case.reason == "refunded_elsewhere":
                    found = case.evidence["elsewhere"][0]["id"]
                    resolve_review(ports, case.id, "done", note="looked", mirakl_refund_id=found)
                elif case.reason == "stock_of_unknown_past":
                    resolve_review(ports, case.id, "done", note="looked")

    def wait_for_new_units(self, **units: int) -> None:
        """Units that came since. Where the lost ledger took their return further, a person says that they are new."""

        def put_on_sale_what_is_held() -> bool:
            with self._ports() as ports:
                for one in self.fleet.read(lambda tx: movements(tx, states=["held"])):
                    assert replay(ports, "stock", str(one.id), apply=True).applied
            return all(self.shelf(f"SKU-{sku}") == 10 + units[sku] for sku in units)

        self._wait(f"{units} on sale", put_on_sale_what_is_held)
        self.wait_for(**units)

    @contextmanager
    def _ports(self) -> Iterator[Ports]:
        """For a person's words: a command would start a Python each time."""
        ports = make_ports(self.fleet.settings, who="cli:test")
        yield ports
        ports.ledger.engine.dispose()

    def check_twins(self) -> None:
        made = self.sandbox.books()["reveni_returns"]
        assert {sku: len(made[return_id]) for sku, return_id in self.back.items()} == dict.fromkeys(self.back, 1)

    def _wait(self, what: str, condition: Any) -> None:
        wait_until(condition, within=A_STEP_TAKES, what=what)


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own, on loopback
        content: bytes = answer.read()
    return content.decode()


def _restore(fleet: RunningFleet, file: Path | None) -> None:
    """As README says; None: an empty ledger instead."""
    fleet.forget_ledger()
    url = fleet.environment["DATABASE_URL"]
    if url.startswith("sqlite"):
        ledger = Path(url.removeprefix("sqlite:///"))
        for left in ledger.parent.glob(f"{ledger.name}*"):
            left.unlink()
        if file is not None:
            ledger.write_bytes(file.read_bytes())
        return
    if file is None:
        command = ["psql", "--quiet", f"--dbname={url}", "--command=DROP SCHEMA public CASCADE; CREATE SCHEMA public"]
    else:
        command = ["pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={url}", str(file)]
    subprocess.run(command, env=fleet.environment, check=True, capture_output=True)


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    with sandbox_process(scale=SCALE, refund_delay=0) as sandbox:
        sandbox.seed_offers(OPENING)
        over = {
            "DATABASE_URL": database_url.replace("+psycopg", ""),
            "PATH": f"{postgres_programs()}{os.pathsep}{os.environ['PATH']}",
        }
        with RunningFleet(tmp_path / "fleet", sandbox.environment(), **over) as fleet:
            shop = Shop(fleet, sandbox)
            shop.send_back("SKU-A")
            shop.send_back("SKU-B")
            fleet.wait_until_ready().register_webhook()
            yield shop
            print(fleet.log())  # shown only where the test failed


@pytest.mark.timeout(500)
def test_work_backup_work_restore_recover(shop: Shop, tmp_path: Path, database_url: str) -> None:
    """M1, M2: every refund once, every shelf right, every gap explained in the inbox; an emptied ledger, too."""
    fleet, file = shop.fleet, tmp_path / "ledger.backup"
    shop.wait_for_twins()
    shop.accept("SKU-A")
    shop.wait_for(A=1)
    assert fleet.rows("backup", str(file))["verified"]
    shop.send_back("SKU-C")
    shop.wait_for_twins()
    for sku in SKUS:
        shop.accept(sku)
    shop.wait_for(A=2, B=1, C=1)
    fleet.stop()
    _restore(fleet, file)
    (failed,) = [one["detail"] for one in json.loads(fleet.command("check", "--json", code=1)) if one["ok"] is False]
    assert "older than what its fleet has done" in failed

    plan = shop.wait_for_recovery("older_ledger")
    assert sorted(one["becomes"] for one in plan["refunds"]) == ["confirmed"] * 3
    assert {one["becomes"] for one in plan["movements"]} == {"held"}
    shop.say_what_each_case_is()
    shop.accept("SKU-B")  # work goes on
    shop.wait_for_new_units(A=2, B=2, C=1)
    shop.check_twins()
    if database_url.startswith("postgresql"):
        return

    fleet.stop()
    _restore(fleet, None)
    plan = shop.wait_for_recovery("another_ledger")
    assert sorted(one["becomes"] for one in plan["refunds"]) == ["confirmed", "held", "held"]
    shop.say_what_each_case_is()
    shop.say_what_each_case_is()  # of two units that were refunded one by one, the second
    shop.accept("SKU-C")
    shop.wait_for_new_units(A=2, B=2, C=2)
    shop.check_twins()
