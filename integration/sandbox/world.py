"""Everything the sandbox knows, in the memory of one event loop: no locks, gone when the process ends."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from integration.sandbox.bigcommerce.levels import Inventory
from integration.sandbox.books import Books
from integration.sandbox.ceilings import Ceilings
from integration.sandbox.faults import Faults
from integration.sandbox.mirakl.records import (
    BillingCycle,
    Line,
    MiraklReturn,
    Offer,
    Order,
    Reason,
    StockImport,
    TaxRule,
    Transaction,
)
from integration.sandbox.options import SandboxOptions
from integration.sandbox.reveni.records import ReveniReturn, Webhook

DEFAULT_REASONS = (
    Reason("14", "No response from the shop", "REFUND", is_shop_right=False),
    Reason("15", "Out of stock", "REFUND"),
    Reason("16", "Cancelled by the client prior to shipping", "REFUND"),
    Reason("17", "Item returned", "REFUND"),
    Reason("18", "Item not received", "REFUND"),
    Reason("19", "Agreement found with the vendor", "REFUND"),
    Reason("34", "Out of stock", "CANCELATION"),
    Reason("RETURN_CHANGED_MIND", "Changed mind", "RETURN", is_shop_right=False),
)


class World:
    """One marketplace shop, its Reveni store and its BigCommerce store."""

    def __init__(self, options: SandboxOptions) -> None:
        self.options = options
        self.books = Books()
        self.ceilings = Ceilings(options.scale)
        self.faults = Faults(options.fault_seed)

        self.orders: dict[str, Order] = {}
        self.lines: dict[str, tuple[Order, Line]] = {}
        self.returns: dict[str, MiraklReturn] = {}
        self.offers: dict[str, Offer] = {}
        self.imports: dict[str, StockImport] = {}
        # What STO02 shows of imports that are over, in place of their own status.
        self.import_status: str | None = None
        self.transactions: list[Transaction] = []
        self.cycles: list[BillingCycle] = []
        self.reasons: list[Reason] = list(DEFAULT_REASONS)
        self.taxes: list[TaxRule] = []
        self.configuration: dict[str, Any] = {}
        # OR28 draws on the pending balance until the order is received, then on the payable one.
        self.pending_balance = Decimal("1000000.00")
        self.payable_balance = Decimal("1000000.00")

        self.reveni_returns: dict[str, ReveniReturn] = {}
        self.webhooks: dict[str, Webhook] = {}
        # 0 loses every event on its way, 2 delivers each one twice.
        self.deliveries_per_event = 1

        self.inventory = Inventory()

        self._numbers = itertools.count(1000)
        self._timers: set[asyncio.TimerHandle] = set()
        self._errands: set[asyncio.Task[None]] = set()

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    def number(self) -> str:
        """The next id in Mirakl's numeric style."""
        return str(next(self._numbers))

    def scaled(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds * self.options.scale)

    def later(self, seconds: float | None, act: Callable[[], None]) -> None:
        """Do it after so many scaled seconds: 0 is at once, None is never."""
        if seconds is not None:
            self.at(self.now() + self.scaled(seconds), act)

    def at(self, due: datetime, act: Callable[[], None]) -> None:
        """Do it when the time has come, which may be at once."""
        delay = (due - self.now()).total_seconds()
        if delay <= 0:
            act()
            return

        def run() -> None:
            self._timers.discard(timer)
            act()

        timer = asyncio.get_running_loop().call_later(delay, run)
        self._timers.add(timer)

    def start(self, errand: Coroutine[Any, Any, None]) -> None:
        """Let it run beside the calls."""
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def stop(self) -> None:
        """Nothing that is still due will happen."""
        for timer in self._timers:
            timer.cancel()
        for errand in self._errands:
            errand.cancel()
        self._timers.clear()
