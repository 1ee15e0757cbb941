"""Reveni's operations. None publishes a call frequency, and none takes an idempotency key.

W1, W2, W3 and W5 are the working assumptions of the contract page; the others have names of ours.
"""

from __future__ import annotations

from integration.http import Operation

_PAGE = "reveni.md"
_STORE = "/stores/{store_id}"

W1 = Operation("W1", "POST", f"{_STORE}/returns", replay_safe=False, source=f"{_PAGE} W1", personal=True)
W2 = Operation("W2", "GET", f"{_STORE}/returns", replay_safe=True, source=f"{_PAGE} W2")
W3 = Operation("W3", "GET", f"{_STORE}/returns/{{return_id}}", replay_safe=True, source=f"{_PAGE} W3")
W5 = Operation("W5", "POST", f"{_STORE}/returns/{{return_id}}/cancel", replay_safe=False, source=f"{_PAGE} W5")

CREATE_WEBHOOK = Operation(
    "CREATE_WEBHOOK", "POST", f"{_STORE}/webhooks", replay_safe=False, source=f"{_PAGE} Documented"
)
LIST_WEBHOOKS = Operation(
    "LIST_WEBHOOKS", "GET", f"{_STORE}/webhooks", replay_safe=True, source=f"{_PAGE} W2, by analogy"
)
DELETE_WEBHOOK = Operation(
    "DELETE_WEBHOOK",
    "DELETE",
    f"{_STORE}/webhooks/{{webhook_id}}",
    replay_safe=False,
    source=f"{_PAGE} Documented",
)
