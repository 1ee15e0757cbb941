"""One story through all four lanes, and what the sandbox's own books must say at its end."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from integration.ledger.orders import orders
from integration.ledger.returns import returns
from integration.ledger.reviews import reviews
from integration.ledger.stock import movements
from integration.sandbox.client import SandboxClient
from mappings import FOLDER
from tests.running_fleet import RunningFleet
from tests.servers import wait_until

UNMAPPED = "RETURN_DEFECTIVE_ITEM"
COAT, DRESS, BOOTS = "COAT-NAVY-M", "DRESS-RED-S", "BOOTS-TAN-39"
LINES: dict[str, dict[str, Any]] = {
    # Does not fit: the goods are refunded, the shipping is not.
    COAT: {"quantity": 1, "unit_price": "89.00", "shipping_price": "4.99"},
    # The description was wrong: each of the two units takes its share of the shipping along.
    DRESS: {"quantity": 2, "unit_price": "34.99", "shipping_price": "4.99"},
    BOOTS: {"quantity": 1, "unit_price": "120.00", "shipping_price": "0.00"},
}
REASONS = {COAT: "RETURN_PDNT_TOO_SMALL", DRESS: "RETURN_INACCURATE_ITEM_DESCRIPTION", BOOTS: UNMAPPED}
STOCK_BEFORE = {COAT: 0, DRESS: 3, BOOTS: 1}
STOCK_AFTER = {COAT: 1, DRESS: 4, BOOTS: 1}
REFUNDED = {COAT: (Decimal("89.00"), Decimal("0.00")), DRESS: (Decimal("34.99"), Decimal("2.50"))}
OTHERS = 20
"""Orders of which nothing comes back."""

A_STEP_TAKES = 90.0
"""Seconds at the most, with workers that die and a broker that forgets."""


def mappings_with_a_gap(folder: Path) -> Path:
    """The shipped tables without one reason, as when the marketplace has a new one."""
    folder.mkdir()
    for table in FOLDER.glob("*.csv"):
        shutil.copy(table, folder)
    reasons = folder / "return_reasons.csv"
    reasons.write_text("".join(line for line in _shipped_reasons() if not line.startswith(f"{UNMAPPED},")))
    return folder


class Story:
    """Told step by step; each step ends when the fleet has done its part."""

    def __init__(self, fleet: RunningFleet, sandbox: SandboxClient) -> None:
        self.fleet, self.sandbox = fleet, sandbox
        self.bought: dict[str, str] = {}
        self.sent_back: dict[str, str] = {}

    def place_orders(self) -> None:
        self.sandbox.seed_offers(STOCK_BEFORE)
        self.bought = {sku: self.sandbox.seed_order(lines=[{"sku": sku, **line}]) for sku, line in LINES.items()}
        self.sandbox.seed_orders(OTHERS)

    def wait_for_acknowledgement(self) -> None:
        self._wait(
            "all orders acknowledged",
            lambda: self.fleet.read(lambda tx: len(orders(tx, state="acknowledged"))) == OTHERS + len(LINES),
        )

    def send_back(self) -> None:
        for sku, order_id in self.bought.items():
            self.sandbox.receive(order_id)
            line = {"order_line_id": f"{order_id}-1", "quantity": LINES[sku]["quantity"], "reason_code": REASONS[sku]}
            self.sent_back[sku] = self.sandbox.open_return(order_id, [line])

    def wait_for_reveni(self, count: int) -> None:
        """So many of the returns have their twin."""
        self._wait(
            f"{count} returns in Reveni",
            lambda: self.fleet.read(lambda tx: sum(one.reveni_return_id is not None for one in returns(tx))) == count,
        )

    def wait_for_the_held_one(self) -> None:
        self._wait("a held return", lambda: len(self.fleet.read(reviews)) == 1)

    def replay_the_held_one(self) -> None:
        """A person adds the missing row, and has the return taken up again."""
        row = next(line for line in _shipped_reasons() if line.startswith(f"{UNMAPPED},"))
        with (self.fleet.settings.mappings_dir / "return_reasons.csv").open("a") as table:
            table.write(row)
        self.fleet.command("replay", "return", self.sent_back[BOOTS], "--apply")

    def judge(self) -> None:
        """The warehouse takes the coat, one dress of two, and no boots; of the dresses no webhook tells."""
        self._judge(COAT, accepted=1)
        self.sandbox.set_deliveries_per_event(0)
        self._judge(DRESS, accepted=1, rejected=1, reject_reason="change_of_mind")
        self.sandbox.set_deliveries_per_event(1)
        self._judge(BOOTS, rejected=1, reject_reason="defect")

    def wait_for_the_end(self) -> None:
        self._wait("refunds that are paid", lambda: self._refund_states() == ["REFUNDED"] * len(REFUNDED))
        self._wait("returns that are closed", lambda: set(self._return_states()) == {"CLOSED"})
        self._wait(
            "returns that are recorded as closed",
            lambda: {one.state for one in self.fleet.read(returns)} == {"closed"},
        )
        self._wait(
            "units on sale",
            lambda: self.fleet.read(lambda tx: len(movements(tx, states=["done"]))) == len(REFUNDED),
        )

    def check_books(self) -> None:
        """Everything happened, and nothing twice."""
        books = self.sandbox.books()
        assert {one["effective"] for one in books["accepts"].values()} == {1}
        assert len(books["accepts"]) == OTHERS + len(LINES)
        assert {sku: len(books["reveni_returns"][self.sent_back[sku]]) for sku in LINES} == dict.fromkeys(LINES, 1)
        made = {
            line: [(one["amount"], one["shipping_amount"]) for one in refunds]
            for line, refunds in books["refunds"].items()
        }
        assert made == {f"{self.bought[sku]}-1": [amounts] for sku, amounts in REFUNDED.items()}
        assert {sku: books["stock"][sku] for sku in STOCK_AFTER} == STOCK_AFTER
        assert books["illegal_return_steps"] == 0
        assert books["ceiling_violations"] == {}

    def _judge(self, sku: str, **verdict: Any) -> None:
        self.sandbox.judge(self.sent_back[sku], f"{self.bought[sku]}-1", **verdict)

    def _refund_states(self) -> list[str]:
        return [refund["state"] for refunds in self.sandbox.books()["refunds"].values() for refund in refunds]

    def _return_states(self) -> list[str]:
        known = self.sandbox.books()["returns"]
        return [known[return_id] for return_id in self.sent_back.values()]

    def _wait(self, what: str, condition: Callable[[], bool]) -> None:
        wait_until(condition, within=A_STEP_TAKES, what=what)


def _shipped_reasons() -> list[str]:
    return (FOLDER / "return_reasons.csv").read_text().splitlines(keepends=True)
