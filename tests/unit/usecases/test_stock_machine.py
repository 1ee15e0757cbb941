"""Whatever order of returns, sales, lost answers, deaths and repeated messages: each unit is on sale once."""

from __future__ import annotations

import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from sqlalchemy import select, update

from integration.errors import OutcomeUnknown
from integration.ledger.stock import add_movement, movements
from integration.ledger.tables import Intent
from integration.mirakl.wire.offers import Offer, StockImport, StockLine, StockLineError
from integration.usecases.carry_out import carry_out
from integration.usecases.catalogue import ACTS
from integration.usecases.stock_channel import put_on_sale
from tests.inline_fleet import IMPATIENT, InlineFleet, settings_for
from tests.unit.usecases.conftest import NOBODY_LISTENS

pytestmark = pytest.mark.crash_matrix(27)

SKUS = ("SKU-1", "SKU-2")
OPENING = 20
SCALE = 0.0001
FATES = ("lost_before", "lost_after", "dies_before", "dies_after", "failed")
ENVIRONMENT = {
    "MIRAKL_BASE_URL": NOBODY_LISTENS, "MIRAKL_API_KEY": "key", "REVENI_STORE_ID": "store", "REVENI_API_KEY": "key",
    "CALL_INTERVAL_SCALE": str(SCALE),
}  # fmt: skip

ENDS = {
    ("done", None),
    ("done", "import_failed"),  # found by its effect, after a first file with it had failed
    ("held", "import_failed_twice"),
    ("held", "unknown_outcome"),  # sent twice, and not to be found
}
"""What may become of a unit; one that is held is off sale."""


class Death(BaseException):
    """The process is gone; nothing catches this."""


class Marketplace:
    """Stock with absolute imports, as `integration.mirakl.client` shows it."""

    def __init__(self) -> None:
        self.stock = dict.fromkeys(SKUS, OPENING)
        self.fates, self.failed = deque[str](), set[str]()
        self.files = 0

    def offers(self, sku: str) -> list[Offer]:
        return [Offer.model_validate({"shop_sku": sku, "quantity": self.stock[sku], "active": True})]

    def import_stock(self, lines: Sequence[StockLine]) -> str:
        fate = self.fates.popleft() if self.fates else "taken"
        self.files += 1
        if fate == "failed":
            self.failed.add(str(self.files))
        elif not fate.endswith("_before"):
            self.stock |= {line.sku: line.quantity for line in lines}
        if fate.startswith("dies"):
            raise Death
        if fate.startswith("lost"):
            raise OutcomeUnknown("STO01 has no trustworthy answer")
        return str(self.files)

    def stock_import(self, import_id: str) -> StockImport:
        return StockImport(import_id=import_id, status="FAILED" if import_id in self.failed else "COMPLETE")

    def stock_import_errors(self, import_id: str) -> list[StockLineError]:
        raise AssertionError(f"import {import_id} has no error report")


class Channel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="backhaul-channel-")
        path = Path(self.folder.name)
        self.fleet = InlineFleet(
            settings_for(ENVIRONMENT, data_dir=path, database_url=f"sqlite:///{path / 'ledger.sqlite3'}")
        )
        self.mirakl = Marketplace()
        self.fleet.ports = replace(self.fleet.ports, mirakl=self.mirakl)  # type: ignore[arg-type]  # what restock uses
        self.sold, self.lines = Counter[str](), 0

    @rule(sku=st.sampled_from(SKUS), units=st.integers(1, 3))
    def come_back(self, sku: str, units: int) -> None:
        self.lines += 1
        with self.fleet.ports.ledger.write() as tx:
            movement = add_movement(
                tx, return_id="R-1", order_line_id=f"L-{self.lines}", sku=sku, quantity=units, location=None,
                state="pending", reason=None,
            )  # fmt: skip
            put_on_sale(self.fleet.ports, tx, movement)

    @rule(sku=st.sampled_from(SKUS))
    def sell(self, sku: str) -> None:
        """A sale while a file with its SKU is on its way may be overwritten (decision 7): not part of this story."""
        if self.mirakl.stock[sku] and not any(one.sku == sku for one in self._on_their_way()):
            self.mirakl.stock[sku] -= 1
            self.sold[sku] += 1

    @rule(fate=st.sampled_from(FATES))
    def next_file(self, fate: str) -> None:
        self.mirakl.fates.append(fate)

    @rule()
    def drive(self) -> None:
        try:
            self.fleet.sweep()
            self.fleet.work()
        except Death:
            self._leases_run_out()

    @rule()
    def repeat_every_message(self) -> None:
        with self.fleet.ports.ledger.read() as tx:
            promised = list(tx.session.execute(select(Intent.id, Intent.kind)))
        for intent_id, kind in promised:
            try:
                carry_out(self.fleet.ports, ACTS[kind], intent_id, retry=IMPATIENT)
            except Death:
                self._leases_run_out()

    def teardown(self) -> None:
        self.mirakl.fates.clear()
        end = time.monotonic() + 60
        while self._on_their_way():
            assert time.monotonic() < end, self.fleet.outcomes[-12:]
            self.drive()
            time.sleep(0.005)
        with self.fleet.ports.ledger.read() as tx:
            moved = movements(tx)
        assert {(one.state, one.reason) for one in moved} <= ENDS
        on_sale = Counter[str]()
        for one in moved:
            on_sale[one.sku] += one.quantity if one.state == "done" else 0
        assert self.mirakl.stock == {sku: OPENING + on_sale[sku] - self.sold[sku] for sku in SKUS}
        self.fleet.close()
        self.folder.cleanup()

    def _on_their_way(self) -> list[Any]:
        with self.fleet.ports.ledger.read() as tx:
            return movements(tx, states=["pending", "sent"])

    def _leases_run_out(self) -> None:
        with self.fleet.ports.ledger.write() as tx:
            tx.session.execute(
                update(Intent).where(Intent.lease_until.is_not(None)).values(lease_until=Intent.claimed_at)
            )


TestChannel = Channel.TestCase
TestChannel.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)
