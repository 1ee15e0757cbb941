"""Mirakl's operations, one row each: code, verb, path and what acts on it (mirakl.md)."""

from __future__ import annotations

from integration.sandbox.calls import Act, Operation
from integration.sandbox.mirakl import offers, orders, refunds, return_steps, returns, settlement, shop
from integration.sandbox.mirakl.refusals import anyone, known_caller

_IMPORTS = "/api/offers/stock/imports"


def _shop(code: str, verb: str, path: str, act: Act) -> Operation:
    return Operation(code, verb, path, act, known_caller)


OPERATIONS = (
    Operation("V01", "GET", "/api/version", shop.version, anyone),
    _shop("A01", "GET", "/api/account", shop.account),
    _shop("A21", "GET", "/api/account/statistics", shop.statistics),
    _shop("PC01", "GET", "/api/platform/configuration", shop.configuration),
    _shop("OR75", "GET", "/api/orders/taxes", shop.taxes),
    _shop("RE01", "GET", "/api/reasons", shop.reasons),
    _shop("OR11", "GET", "/api/orders", orders.list_orders),
    _shop("OR21", "PUT", "/api/orders/{order_id}/accept", orders.accept_order),
    _shop("OR28", "PUT", "/api/orders/refund", refunds.refund_lines),
    _shop("RT11", "GET", "/api/returns", returns.list_returns),
    _shop("RT21", "PUT", "/api/returns/accept", return_steps.accept_returns),
    _shop("RT25", "PUT", "/api/returns/receive", return_steps.receive_returns),
    _shop("RT26", "PUT", "/api/returns/compliance", return_steps.assess_returns),
    _shop("RT27", "PUT", "/api/returns/close", return_steps.close_returns),
    _shop("RT29", "PUT", "/api/returns/cancel", return_steps.cancel_returns),
    _shop("OF21", "GET", "/api/offers", offers.list_offers),
    _shop("STO01", "POST", _IMPORTS, offers.import_stock),
    _shop("STO02", "GET", f"{_IMPORTS}/{{import_id}}/status", offers.stock_import_status),
    _shop("STO03", "GET", f"{_IMPORTS}/{{import_id}}/error_report", offers.stock_import_errors),
    _shop("TL02", "GET", "/api/sellerpayment/transactions_logs", settlement.list_transactions),
    _shop("SBC11", "GET", "/api/seller-billing-cycles", settlement.list_cycles),
    _shop("IV01", "GET", "/api/invoices", settlement.list_documents),
)
