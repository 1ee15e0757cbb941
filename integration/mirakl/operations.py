"""Mirakl's operations, with the call frequencies it publishes as maxima.

No Mirakl operation takes an idempotency key, so no write is replay-safe. An operation without a ceiling
may be called "at each event", or has no published frequency.
"""

from __future__ import annotations

from dataclasses import replace

from integration.http import Ceiling, Operation

MINUTE, HOUR, DAY = 60, 3_600, 86_400

_PAGES = "https://developer.mirakl.com/content/product/mmp/rest/seller/openapi3"


def _row(
    code: str,
    call: str,
    section: str,
    *ceilings: Ceiling,
    accepts: str = "application/json",
    needs_role: bool = False,
) -> Operation:
    verb, path = call.split()
    return Operation(
        code,
        verb,
        path,
        replay_safe=verb == "GET",
        ceilings=ceilings,
        source=f"{_PAGES}/{section}/{code.lower()}",
        accepts=accepts,
        needs_role=needs_role,
    )


OR11 = _row("OR11", "GET /api/orders", "orders", Ceiling(1, MINUTE))
OR11_EXTERNAL_PARTNER = replace(OR11, ceilings=(Ceiling(1, 15 * MINUTE),))
"""OR11 with a key of the external-partner tier. The same operation, so it shares OR11's count."""

OR21 = _row("OR21", "PUT /api/orders/{order_id}/accept", "orders")
OR28 = _row("OR28", "PUT /api/orders/refund", "orders")
OR75 = _row("OR75", "GET /api/orders/taxes", "orders", Ceiling(1, DAY))

RT11 = _row("RT11", "GET /api/returns", "returns", Ceiling(1, 5 * MINUTE))
RT21 = _row("RT21", "PUT /api/returns/accept", "returns")
RT25 = _row("RT25", "PUT /api/returns/receive", "returns")
RT26 = _row("RT26", "PUT /api/returns/compliance", "returns")
RT27 = _row("RT27", "PUT /api/returns/close", "returns")
RT29 = _row("RT29", "PUT /api/returns/cancel", "returns")

OF21 = _row("OF21", "GET /api/offers", "offers")
STO01 = _row("STO01", "POST /api/offers/stock/imports", "offers", Ceiling(1, MINUTE))
STO02 = _row("STO02", "GET /api/offers/stock/imports/{import_id}/status", "offers", Ceiling(1, 15))
STO03 = _row(
    "STO03",
    "GET /api/offers/stock/imports/{import_id}/error_report",
    "offers",
    Ceiling(1, MINUTE),
    accepts="text/csv",
)

TL02 = _row(
    "TL02",
    "GET /api/sellerpayment/transactions_logs",
    "invoicing-and-accounting",
    Ceiling(20, MINUTE),
    Ceiling(60, HOUR),
    needs_role=True,
)
SBC11 = _row("SBC11", "GET /api/seller-billing-cycles", "invoicing-and-accounting", Ceiling(1, DAY), needs_role=True)
IV01 = _row("IV01", "GET /api/invoices", "invoicing-and-accounting", Ceiling(1, DAY), needs_role=True)

A01 = _row("A01", "GET /api/account", "stores", Ceiling(1, DAY))
A21 = _row("A21", "GET /api/account/statistics", "stores", Ceiling(1, DAY))
PC01 = _row("PC01", "GET /api/platform/configuration", "platform-settings", needs_role=True)
RE01 = _row("RE01", "GET /api/reasons", "platform-settings")
