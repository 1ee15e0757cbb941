"""Mirakl's account as the client shows it: pages of lines, oldest change first, each counted against the ceiling."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from integration.answers import Operation
from integration.domain.orders import Order
from integration.errors import Retryable
from integration.ledger.ceilings import FleetGate
from integration.mirakl.operations import IV01, SBC11, TL02
from integration.mirakl.wire import BillingCycle, Invoice, TransactionLine
from integration.wire import Misfit, Shown
from tests.unit.reconciliation.account_examples import MADE


class FakeAccount:
    """`failures` are raised, one for each page that would have been read after `pages_before_failure`."""

    def __init__(self, gate: FleetGate) -> None:
        self._gate = gate
        self.lines: list[TransactionLine] = []
        self.misfits: list[Misfit] = []
        self.cycles: list[BillingCycle] = []
        self.documents: list[Invoice] = []
        self.shown: list[Order] = []
        self.page_size = 2
        self.pages_read = 0
        self.asked_from: list[datetime] = []
        self.failure: Exception | None = None
        self.pages_before_failure = 0

    def transaction_lines(self, last_updated_from: datetime) -> Iterator[Shown[TransactionLine]]:
        self.asked_from.append(last_updated_from)
        found = sorted(
            (line for line in self.lines if line.last_updated is None or line.last_updated >= last_updated_from),
            key=lambda line: (line.last_updated or MADE, line.id),
        )
        for start in range(0, max(1, len(found)), self.page_size):
            self._page()
            yield Shown(found[start : start + self.page_size], self.misfits)

    def billing_cycles(self, since: datetime) -> Shown[BillingCycle]:
        self._call(SBC11)
        self._fail()
        cycles = [cycle for cycle in self.cycles if cycle.date_created is None or cycle.date_created >= since]
        return Shown(cycles, [])

    def invoices(self, since: datetime) -> Shown[Invoice]:
        self._call(IV01)
        self._fail()
        return Shown(self.documents, [])

    def orders(self, order_ids: list[str]) -> list[Order]:
        return [order for order in self.shown if order.order_id in order_ids]

    def _page(self) -> None:
        self._call(TL02)
        if self.pages_read >= self.pages_before_failure:
            self._fail()
        self.pages_read += 1

    def _call(self, operation: Operation) -> None:
        self._gate.admit(operation)
        self._gate.arrived(operation)

    def _fail(self) -> None:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure


def a_line(number: int, *, updated: datetime, **facts: Any) -> TransactionLine:
    usual: dict[str, Any] = {
        "id": f"T-{number:06d}", "type": "ORDER_AMOUNT", "amount": Decimal("1.00"), "currency_iso_code": "GBP",
        "date_created": updated, "last_updated": updated, "payment_state": "PENDING",
    }  # fmt: skip
    return TransactionLine(**{**usual, **facts})


def a_cycle(cycle_id: str = "C-1", **facts: Any) -> BillingCycle:
    usual: dict[str, Any] = {
        "id": cycle_id, "date_created": MADE, "currency_iso_code": "GBP",
        "amount_transferred_to_seller": Decimal("9.00"), "payout_state": "PAID", "payout_reference": "BANK-7",
    }  # fmt: skip
    return BillingCycle(**{**usual, **facts})


def unreachable() -> Retryable:
    return Retryable("TL02: nobody answers")
