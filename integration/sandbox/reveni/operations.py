"""Reveni's operations, one row each (reveni.md)."""

from __future__ import annotations

from integration.sandbox.calls import Act, Operation
from integration.sandbox.reveni import returns, webhooks
from integration.sandbox.reveni.refusals import known_caller


def _store(code: str, verb: str, path: str, act: Act) -> Operation:
    return Operation(code, verb, f"/merchants/v0/stores/{{store_id}}/{path}", act, known_caller)


OPERATIONS = (
    _store("W1", "POST", "returns", returns.create_return),
    _store("W2", "GET", "returns", returns.list_returns),
    _store("GET_RETURN", "GET", "returns/{return_id}", returns.read_return),
    _store("W5", "POST", "returns/{return_id}/cancel", returns.cancel_return),
    _store("PARTIAL_VALIDATE", "POST", "returns/{return_id}/partial_validate", returns.validate_items),
    _store("CREATE_WEBHOOK", "POST", "webhooks", webhooks.create_webhook),
    _store("LIST_WEBHOOKS", "GET", "webhooks", webhooks.list_webhooks),
    _store("DELETE_WEBHOOK", "DELETE", "webhooks/{webhook_id}", webhooks.delete_webhook),
)
