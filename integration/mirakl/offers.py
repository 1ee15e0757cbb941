"""Offers and their stock: OF21, STO01–STO03.

Stock goes by STO01 and never by OF24, which resets every field of an offer that is not sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from integration.mirakl import operations
from integration.mirakl.calls import Calls
from integration.mirakl.wire.offers import (
    ImportAccepted,
    Offer,
    OffersPage,
    StockImport,
    StockLine,
    StockLineError,
    read_error_report,
    stock_file,
)
from integration.wire import readable

PAGE = 100
"""OF21's maximum."""


class OfferCalls(Calls):
    """Calls about offers and stock."""

    def offers(self, sku: str) -> list[Offer]:
        """The offers whose shop SKU is exactly this one: none, or one. OF21

        :raises Retryable: nothing was read.
        """
        found: list[dict[str, Any]] = []
        while True:
            params = [("sku", sku), ("max", str(PAGE)), ("offset", str(len(found)))]
            page = self._call(operations.OF21, params=params).read(OffersPage)
            found += page.offers
            if len(page.offers) < PAGE:
                break
        return [offer for offer in readable(operations.OF21, found, Offer) if offer.sku == sku]

    def import_stock(self, lines: Sequence[StockLine]) -> str:
        """Set absolute quantities, and return the id of the import, which Mirakl carries out later. STO01

        :raises Retryable: no stock will change; the ceiling (once a minute) may be closed.
        :raises Rejected: no stock will change.
        :raises OutcomeUnknown: stock may change. The same quantities may be sent again while they still hold.
        """
        file = ("stock.csv", stock_file(lines), "text/csv")
        return self._call(operations.STO01, files={"file": file}).read(ImportAccepted).import_id

    def stock_import(self, import_id: str) -> StockImport:
        """How far an import is; COMPLETE may hold lines in error. STO02

        :raises Retryable: nothing was read; the ceiling (every 15 s) may be closed.
        """
        return self._call(operations.STO02, path={"import_id": import_id}).read(StockImport)

    def stock_import_errors(self, import_id: str) -> list[StockLineError]:
        """The lines of an import that were refused. STO03

        :raises Retryable: nothing was read; the ceiling (once a minute) may be closed.
        """
        return read_error_report(self._call(operations.STO03, path={"import_id": import_id}).text())
