"""Units come back and are sold again while deliveries are doubled, lost and replayed, calls fail and workers die."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from integration.ledger.figures import figures
from integration.ledger.returns import returns
from integration.ledger.reviews import reviews
from integration.ledger.stock import movements
from integration.sandbox.client import SandboxClient
from tests.journeys.conftest import SCALE
from tests.running_fleet import RunningFleet, sandbox_process
from tests.servers import wait_until

pytestmark = pytest.mark.journeys

SEED = 20_261_124
OPENING = {f"SKU-{number}": 10 for number in range(8)}
FITS_NOT, INSPECT = "RETURN_PDNT_TOO_SMALL", "RETURN_OTHER"
A_STEP_TAKES = 90.0
"""Seconds at the most, with workers that die and a broker that forgets."""


@dataclass(frozen=True)
class Verdict:
    """What the warehouse says of units of one return, and what of it is to be sold: units of a SKU."""

    return_id: str
    line: str
    says: dict[str, Any]
    sku: str
    sellable: int


class Shop:
    """Shelves whose every unit is accounted for by the test itself."""

    def __init__(self, fleet: RunningFleet, sandbox: SandboxClient, verdicts: list[Verdict]) -> None:
        self.fleet, self.sandbox, self.verdicts = fleet, sandbox, verdicts
        self.back, self.sold = Counter[str](), Counter[str]()
        self.chance = random.Random(SEED)  # noqa: S311 - chance, not secrecy

    def judge(self, verdict: Verdict) -> None:
        self.sandbox.judge(verdict.return_id, verdict.line, **verdict.says)
        self.back[verdict.sku] += verdict.sellable

    def sell_one(self) -> None:
        """A shopper buys what is not on its way: a sale between reading and import is overwritten (decision 7)."""
        done = self.on_sale_again()
        at_rest = [sku for sku in OPENING if done[sku] == self.back[sku]]
        if at_rest:
            sku = self.chance.choice(at_rest)
            self.sandbox.sell_units(sku)
            self.sold[sku] += 1

    def on_sale_again(self) -> Counter[str]:
        """Units that came back and are done, by the ledger."""
        units = Counter[str]()
        for one in self.fleet.read(lambda tx: movements(tx, states=["done"])):
            units[one.sku] += one.quantity
        return units

    def wait_until_all_is_on_sale(self) -> None:
        def all_is() -> bool:
            self.look_at_unclear_units()
            return self.on_sale_again() == +self.back

        wait_until(all_is, within=A_STEP_TAKES, what="all units on sale")

    def look_at_unclear_units(self) -> None:
        """Where an answer got lost and no level rose, a person compares the offer with its orders, and says so."""
        moved = self.fleet.read(movements)
        on_their_way = {one.sku for one in moved if one.state in ("pending", "sent")}
        stock, done = self.sandbox.books()["stock"], self.on_sale_again()
        for case in self.fleet.read(reviews):
            (held,) = (one for one in moved if str(one.id) == case.subject)
            if held.sku in on_their_way or case.reason != "stock_outcome_ambiguous":
                continue
            there = stock[held.sku] - (OPENING[held.sku] + done[held.sku] - self.sold[held.sku]) >= held.quantity
            self.fleet.command("review", "resolve", str(case.id), "--done" if there else "--send-again", "--note", "-")
            return

    def tell_everything_again(self) -> None:
        """Every return's webhook, twice and in another order, long after it was dealt with."""
        for return_id in self.chance.sample(sorted({one.return_id for one in self.verdicts}), 8):
            self.sandbox.send_webhook(return_id, times=2)
        wait_until(self._nothing_is_to_be_read, within=A_STEP_TAKES, what="all events read")

    def check_books(self) -> None:
        books = self.sandbox.books()
        assert books["stock"] == {sku: OPENING[sku] + self.back[sku] - self.sold[sku] for sku in OPENING}
        assert books["ceiling_violations"] == {}
        assert {one.state for one in self.fleet.read(movements)} == {"done", "excluded"}
        assert self.fleet.read(reviews) == []
        assert min(self.sold.total(), self.back.total()) > 10, "too quiet a day to show anything"

    def _nothing_is_to_be_read(self) -> bool:
        if any(one["status"] is None for one in self.sandbox.books()["deliveries"]):
            return False
        promised = self.fleet.read(lambda tx: figures(tx).intents)
        return not any(kind == "read_verdict" and state != "confirmed" for kind, state in promised)


def the_returns_of_a_day(sandbox: SandboxClient) -> list[Verdict]:
    """Of each kind some, over all SKUs, in an order of no meaning."""
    sandbox.seed_offers(OPENING)
    skus = list(OPENING)
    verdicts = []
    for number in range(24):
        sku, other = skus[number % 8], skus[(number + 3) % 8]
        reason = INSPECT if number % 6 == 4 else FITS_NOT
        order_id = sandbox.seed_order(lines=[{"sku": sku, "quantity": 2, "unit_price": "25.00"}], state="RECEIVED")
        line = f"{order_id}-1"
        back = sandbox.open_return(order_id, [{"order_line_id": line, "quantity": 2, "reason_code": reason}])
        verdicts += [
            [Verdict(back, line, {"accepted": 1, "restock": True}, sku, 1) for _ in range(2)],
            [Verdict(back, line, {"accepted": 2}, sku, 2)],
            [Verdict(back, line, {"accepted": 1, "rejected": 1, "reject_reason": "defect"}, sku, 1)],
            [Verdict(back, line, {"accepted": 2, "restock": False}, sku, 0)],
            [Verdict(back, line, {"accepted": 2, "restock": True}, sku, 2)],
            [Verdict(back, line, {"accepted": 2, "received_sku": other}, other, 2)],
        ][number % 6]
    random.Random(SEED).shuffle(verdicts)  # noqa: S311 - chance, not secrecy
    return verdicts


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """A fleet that finds a day's returns waiting, when Reveni knows them all."""
    with sandbox_process(scale=SCALE) as sandbox:
        verdicts = the_returns_of_a_day(sandbox)
        plain_url = database_url.replace("+psycopg", "")
        with RunningFleet(tmp_path / "fleet", sandbox.environment(), DATABASE_URL=plain_url) as fleet:
            fleet.wait_until_ready().register_webhook()
            wait_until(
                lambda: fleet.read(lambda tx: sum(one.reveni_return_id is not None for one in returns(tx))) == 24,
                within=A_STEP_TAKES, what="all returns in Reveni",
            )  # fmt: skip
            yield Shop(fleet, sandbox, verdicts)
            print(fleet.log())  # shown only where the test failed


def test_every_unit_is_on_sale_once_whatever_goes_wrong(shop: Shop) -> None:
    shop.sandbox.set_deliveries_per_event(2)
    for operation, kind in (
        ("STO01", "lost_after"), ("STO01", "lost_before"), ("OF21", "status_before"), ("STO02", "status_before"),
        ("GET_RETURN", "status_before"),
    ):  # fmt: skip
        shop.sandbox.add_fault(operation, kind, times=1)
    for number, verdict in enumerate(shop.verdicts):
        shop.judge(verdict)
        shop.sell_one()
        if number in (5, 18):
            shop.fleet.kill("--queues=restock")
        if number == 10:
            with Redis.from_url(shop.fleet.broker_url) as broker:
                broker.flushall()
        if number == 14:
            shop.sandbox.add_fault("STO01", "status_after", status=500, times=1)
            shop.sandbox.set_deliveries_per_event(0)
    shop.wait_until_all_is_on_sale()
    shop.sandbox.set_deliveries_per_event(1)
    shop.tell_everything_again()
    shop.check_books()
