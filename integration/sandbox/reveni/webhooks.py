"""Reveni's webhooks: their registration, and signed deliveries that may be lost, doubled or late."""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from integration.sandbox.calls import Answer, Call, Refused
from integration.sandbox.reveni.records import ReveniReturn, Webhook
from integration.sandbox.reveni.refusals import body_of, field_error
from integration.sandbox.wire import encode

if TYPE_CHECKING:
    from integration.sandbox.world import World

EVENTS = ("return.created", "return.updated")
# Reveni publishes neither retries nor a timeout: one attempt, and whoever misses it must poll (W2).
DELIVERY_TIMEOUT = 10.0


def create_webhook(world: World, call: Call) -> Answer:
    """POST webhooks; the answer holds no secret, since the API key signs."""
    body = body_of(call)
    types = body.get("event_types")
    if not isinstance(types, list) or not types or set(types) - set(EVENTS):
        raise field_error("event_types", "This field is malformed.")
    if not str(body.get("url", "")).startswith(("http://", "https://")):
        raise field_error("url", "Enter a valid URL.")
    webhook = Webhook(uuid.uuid4().hex, body["url"], types)
    world.webhooks[webhook.id] = webhook
    return Answer(201, _view(webhook))


def list_webhooks(world: World, _call: Call) -> Answer:
    """GET webhooks: not documented; answered in the shape of the other lists (W2)."""
    return Answer(body={"results": [_view(webhook) for webhook in world.webhooks.values()], "next": None})


def delete_webhook(world: World, call: Call) -> Answer:
    """DELETE webhooks/{id}."""
    if world.webhooks.pop(call.path["webhook_id"], None) is None:
        raise Refused(404, {"detail": "Not found."})
    return Answer(204)


def _view(webhook: Webhook) -> dict[str, Any]:
    return {"id": webhook.id, "url": webhook.url, "event_types": webhook.event_types}


def announce(world: World, changed: ReveniReturn, event: str) -> None:
    """The return has changed: tell whoever registered, as often as the control API wants it told."""
    changed.updated = world.now()
    deliver(world, changed, event, times=world.deliveries_per_event)


def deliver(
    world: World,
    about: ReveniReturn,
    event: str,
    *,
    times: int = 1,
    key: str | None = None,
    age: float = 0.0,
    event_id: str | None = None,
) -> str:
    """Send one event to every webhook that wants it; returns the event's id.

    :param key: signs instead of the store's API key.
    :param age: seconds by which `created` and the signature's `t` lie in the past.
    """
    now = time.time() - age
    event_id = event_id or uuid.uuid4().hex
    body = encode(_event(about, event, event_id, int(now)))
    headers = {
        "Content-Type": "application/json",
        "X-REVENI-SIGNATURE": signature(body, key or world.options.reveni_key, now),
    }
    for webhook in world.webhooks.values():
        if event in webhook.event_types:
            for _ in range(times):
                world.start(_send(world, webhook.url, body, headers, event_id))
    return event_id


def signature(body: bytes, key: str, at: float) -> str:
    """`t=<seconds>,v1=<hex>`: HMAC-SHA256 over `t`, a dot and the raw body."""
    t = f"{at:.6f}"
    digest = hmac.new(key.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={t},v1={digest}"


def _event(about: ReveniReturn, event: str, event_id: str, created: int) -> dict[str, Any]:
    amount = sum((Decimal(item.unit_price) * item.quantity for item in about.items), Decimal("0.0000"))
    return {
        "id": event_id,
        "event": event,
        "created": created,
        "data": {
            "amount": f"{amount:.4f}",
            "status": about.status,
            "currency": about.currency,
            "resource": "return",
            "resource_id": about.id,
            "object": {},
        },
    }


async def _send(world: World, url: str, body: bytes, headers: dict[str, str], event_id: str) -> None:
    request = HTTPRequest(url, method="POST", body=body, headers=headers, request_timeout=DELIVERY_TIMEOUT)
    delivery: dict[str, Any] = {"event_id": event_id, "url": url, "status": None}
    world.books.deliveries.append(delivery)
    try:
        response = await AsyncHTTPClient().fetch(request, raise_error=False)
    except (OSError, HTTPClientError):
        return
    delivery["status"] = response.code
