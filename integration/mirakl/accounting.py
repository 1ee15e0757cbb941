"""What was billed and paid: TL02, SBC11, IV01."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from integration.mirakl import operations
from integration.mirakl.calls import Calls
from integration.mirakl.wire.accounting import BillingCycle, Invoice, InvoicesPage, TransactionLine
from integration.wire import Shown, instant, sort_out

INVOICES_PER_PAGE = 100
"""IV01's maximum."""


class AccountingCalls(Calls):
    """Calls about money that has moved. They raise Retryable when nothing was read or a ceiling is closed."""

    def transaction_lines(self, last_updated_from: datetime) -> Iterator[Shown[TransactionLine]]:
        """Lines of the seller's account that changed since then, oldest change first, a page at a time. TL02

        Every page counts against the ceilings, so the last pages may have to be fetched later.
        """
        params = [
            ("last_updated_from", instant(last_updated_from)),
            ("sort", "lastUpdated,ASC"),
            ("limit", "2000"),
        ]
        for page in self._seek(operations.TL02, params, pages_count=True):
            yield sort_out(page, TransactionLine)

    def billing_cycles(self, since: datetime) -> Shown[BillingCycle]:
        """Billing cycles created since then, with their payouts. SBC11"""
        params = [("start_date", instant(since)), ("limit", "1000")]
        documents = [document for page in self._seek(operations.SBC11, params) for document in page]
        return sort_out(documents, BillingCycle)

    def invoices(self, since: datetime) -> Shown[Invoice]:
        """Accounting documents created since then, manual ones included. IV01"""
        found: list[dict[str, Any]] = []
        while True:
            params = [
                ("type", "ALL"),  # else Mirakl leaves out the manual ones
                ("start_date", instant(since)),
                ("max", str(INVOICES_PER_PAGE)),
                ("offset", str(len(found))),
            ]
            page = self._call(operations.IV01, params=params, counted=not found).read(InvoicesPage)
            found += page.invoices
            if len(page.invoices) < INVOICES_PER_PAGE:
                return sort_out(found, Invoice, named_by="invoice_id")
