"""Whatever order of returns, sales, lost answers, deaths and repeated messages: each unit is on sale once.

What no level can tell waits for a person, who looks into the other side's books; then every shelf is right.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from sqlalchemy import select, update

from integration.bigcommerce.client import Stock
from integration.errors import OutcomeUnknown
from integration.ledger.engine import make_engine
from integration.ledger.migrations import migrate
from integration.ledger.reviews import reviews
from integration.ledger.stock import add_movement, movements
from integration.ledger.tables import Intent, MovementRow
from integration.mirakl.wire.offers import Offer, StockImport, StockLine, StockLineError
from integration.usecases import await_stock_master
from integration.usecases.carry_out import carry_out
from integration.usecases.catalogue import ACTS
from integration.usecases.resolve_review import resolve_review
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

SAFETY_STOCK = {"SKU-1": 0, "SKU-2": 18}

ENDS = {
    ("done", None),
    ("held", "import_failed_twice"),
    ("held", "stock_outcome_ambiguous"),
    ("held", "stock_master_unclear"),
    ("held", "unknown_outcome"),  # sent twice to be the master's level, and not to be found
}
"""What may become of a unit before a person looks."""


class Death(BaseException):
    """The process is gone; nothing catches this."""


class Marketplace:
    """Stock with absolute imports, as `integration.mirakl.client` shows it."""

    def __init__(self) -> None:
        self.stock = dict.fromkeys(SKUS, OPENING)
        self.added = Counter[str]()
        """Units that files have really put on."""
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
            for line in lines:
                self.added[line.sku] += line.quantity - self.stock[line.sku]
                self.stock[line.sku] = line.quantity
        end_of(fate)
        return str(self.files)

    def stock_import(self, import_id: str) -> StockImport:
        return StockImport(import_id=import_id, status="FAILED" if import_id in self.failed else "COMPLETE")

    def stock_import_errors(self, import_id: str) -> list[StockLineError]:
        raise AssertionError(f"import {import_id} has no error report")


class Store:
    """The stock master, as `integration.bigcommerce.client` shows it: adjustments are applied at once, or later."""

    def __init__(self) -> None:
        self.on_hand = dict.fromkeys(SKUS, OPENING)
        self.added, self.later = Counter[str](), Counter[str]()
        self.fates = deque[str]()

    def available(self, sku: str) -> int:
        return self.on_hand[sku] - SAFETY_STOCK[sku]

    def inventory(self, skus: Sequence[str]) -> dict[str, Stock]:
        return {sku: Stock(self.on_hand[sku], self.available(sku)) for sku in skus}

    def adjust(self, _why: str, changes: dict[str, int]) -> str:
        fate = self.fates.popleft() if self.fates else "taken"
        if not fate.endswith("_before"):
            self.later.update(changes)
        if fate not in ("later", "failed"):
            self.apply()
        end_of(fate)
        return "t1"

    def apply(self) -> None:
        for sku, units in self.later.items():
            self.on_hand[sku] += units
            self.added[sku] += units
        self.later.clear()


def end_of(fate: str) -> None:
    if fate.startswith("dies"):
        raise Death
    if fate.startswith("lost"):
        raise OutcomeUnknown("no trustworthy answer")


@cache
def an_empty_ledger() -> Path:
    """With its tables in it, which take longer to make than a story takes to tell."""
    path = Path(tempfile.mkdtemp(prefix="backhaul-channel-")) / "ledger.sqlite3"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    atexit.register(shutil.rmtree, path.parent)
    return path


class Channel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="backhaul-channel-")
        path = Path(self.folder.name)
        shutil.copy(an_empty_ledger(), path / "ledger.sqlite3")
        self.fleet = InlineFleet(
            settings_for(ENVIRONMENT, data_dir=path, database_url=f"sqlite:///{path / 'ledger.sqlite3'}")
        )
        self.mirakl = Marketplace()
        self.fleet.ports = replace(self.fleet.ports, mirakl=self.mirakl)  # type: ignore[arg-type]  # what restock uses
        self.back, self.sold, self.lines = Counter[str](), Counter[str](), 0

    @rule(sku=st.sampled_from(SKUS), units=st.integers(1, 3))
    def come_back(self, sku: str, units: int) -> None:
        self.lines += 1
        self.back[sku] += units
        with self.fleet.ports.ledger.write() as tx:
            movement = add_movement(
                tx, return_id="R-1", order_line_id=f"L-{self.lines}", sku=sku, quantity=units, location=None,
                state="pending", reason=None,
            )  # fmt: skip
            put_on_sale(self.fleet.ports, tx, movement)

    @rule(sku=st.sampled_from(SKUS), units=st.integers(1, 3))
    def sell(self, sku: str, units: int) -> None:
        """At any moment but between a reading and its file, which a file overwrites (decision 7)."""
        sold = min(units, self.mirakl.stock[sku])
        self.mirakl.stock[sku] -= sold
        self.sold[sku] += sold

    @rule(sku=st.sampled_from(SKUS), units=st.integers(1, 2), fate=st.sampled_from(FATES))
    def as_many_are_sold_as_came_back(self, sku: str, units: int, fate: str) -> None:
        """The level is as it was, whether or not anything was done."""
        self.next_file(fate)
        self.come_back(sku, units)
        self.drive()
        self.sell(sku, units)

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
        """M10: nothing is on sale twice; what no level could tell a person tells, and then all of it is on sale."""
        self.mirakl.fates.clear()
        self.drive_to_rest()
        assert {(one.state, one.reason) for one in self.moved()} <= ENDS
        for sku in SKUS:
            arrived = self.units("arrived", sku)
            assert arrived <= self.added(sku) <= arrived + self.units("unclear", sku)
        self.a_person_looks()
        self.drive_to_rest()
        self.every_shelf_is_right()
        self.fleet.close()
        self.folder.cleanup()

    def every_shelf_is_right(self) -> None:
        assert {one.state for one in self.moved()} <= {"done"}
        assert self.mirakl.stock == {sku: OPENING + self.back[sku] - self.sold[sku] for sku in SKUS}

    def added(self, sku: str) -> int:
        return self.mirakl.added[sku]

    def arrived(self, one: MovementRow) -> bool:
        """Whether the ledger takes these units for being on the other side."""
        return one.state == "done"

    def drive_to_rest(self) -> None:
        end = time.monotonic() + 60
        while any(one.state in ("pending", "sent") for one in self.moved()):
            assert time.monotonic() < end, self.fleet.outcomes[-12:]
            self.drive()
            time.sleep(0.005)

    def moved(self) -> list[MovementRow]:
        with self.fleet.ports.ledger.read() as tx:
            return movements(tx)

    def units(self, kind: str, sku: str) -> int:
        moved = [one for one in self.moved() if one.sku == sku and self.arrived(one) == (kind == "arrived")]
        return sum(one.quantity for one in moved)

    def a_person_looks(self) -> None:
        """They compare with the other side's own books, and say of each case what is true."""
        for sku in SKUS:
            held = [one for one in self.moved() if one.sku == sku and not self.arrived(one)]
            there = self.added(sku) - self.units("arrived", sku)
            true = next(
                found
                for size in range(len(held) + 1)
                for found in combinations(held, size)
                if sum(one.quantity for one in found) == there
            )
            for one in held:
                self._resolve(one, "done" if one in true else "send_again")
        for one in self.moved():
            if one.state == "held":  # held at Mirakl's door, with its units in the master
                self._resolve(one, "send_again")

    def _resolve(self, movement: MovementRow, word: Any) -> None:
        with self.fleet.ports.ledger.read() as tx:
            (case,) = (review for review in reviews(tx) if review.subject == str(movement.id))
        resolve_review(self.fleet.ports, case.id, word, note="looked")

    def _leases_run_out(self) -> None:
        with self.fleet.ports.ledger.write() as tx:
            tx.session.execute(
                update(Intent).where(Intent.lease_until.is_not(None)).values(lease_until=Intent.claimed_at)
            )


class MasterChannel(Channel):
    """The same with a stock master: what it has on hand is right, and Mirakl has its level, less the safety stock."""

    def __init__(self) -> None:
        super().__init__()
        self.store, self.wrong = Store(), list[StockLine]()
        self.patience = patch.object(await_stock_master, "MOST_LOOKS", 3)
        self.patience.start()
        self.fleet.ports = replace(self.fleet.ports, bigcommerce=self.store)  # type: ignore[arg-type]  # the calls in use
        send = self.mirakl.import_stock

        def import_stock(lines: Sequence[StockLine]) -> str:
            self.wrong += [line for line in lines if line.quantity != max(0, self.store.available(line.sku))]
            return send(lines)

        self.mirakl.import_stock = import_stock  # type: ignore[method-assign]  # each import is watched

    @rule(sku=st.sampled_from(SKUS), units=st.integers(1, 3))
    def sell(self, sku: str, units: int) -> None:
        sold = min(units, max(0, self.store.available(sku)))
        self.store.on_hand[sku] -= sold
        self.sold[sku] += sold

    @rule(sku=st.sampled_from(SKUS), units=st.integers(1, 2), fate=st.sampled_from([*FATES, "later"]))
    def as_many_are_sold_as_came_back(self, sku: str, units: int, fate: str) -> None:
        self.next_adjustment(fate)
        self.come_back(sku, units)
        self.drive()
        self.sell(sku, units)

    @rule(fate=st.sampled_from([*FATES, "later"]))
    def next_adjustment(self, fate: str) -> None:
        self.store.fates.append(fate)

    @rule()
    def apply(self) -> None:
        self.store.apply()

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.patience.stop()

    def drive_to_rest(self) -> None:
        self.store.fates.clear()
        self.store.apply()
        super().drive_to_rest()

    def every_shelf_is_right(self) -> None:
        assert self.wrong == [], "not the master's level"
        assert {one.state for one in self.moved()} <= {"done"}
        assert self.store.on_hand == {sku: OPENING + self.back[sku] - self.sold[sku] for sku in SKUS}

    def added(self, sku: str) -> int:
        return self.store.added[sku]

    def arrived(self, one: MovementRow) -> bool:
        return one.in_stock_master


TestChannel = Channel.TestCase
TestMasterChannel = MasterChannel.TestCase
TestChannel.settings = TestMasterChannel.settings = settings(max_examples=6, stateful_step_count=10, deadline=None)
