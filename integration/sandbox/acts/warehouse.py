"""What happens in Reveni: verdicts, what a person changes, and what becomes of the webhooks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from integration.sandbox.reveni import returns, webhooks
from integration.sandbox.reveni.records import ReturnItem, ReveniReturn
from integration.sandbox.world import World

_CHANGEABLE = ("type", "mode", "currency", "refunds", "fixed_status")


def judge(world: World, return_id: str, order_line_id: str, verdict: Mapping[str, Any], item: int = 0) -> None:
    """The warehouse judges units of one item; `return_id` is Reveni's, or the Mirakl return's.

    :param item: which one of the line's, where a person has split it.
    """
    found = _found(world, return_id)
    returns.judge(_items(found, order_line_id)[item], verdict)
    webhooks.announce(world, found, "return.updated")


def split_item(world: World, return_id: str, order_line_id: str, quantity: int) -> None:
    """A person makes an item of its own of so many units of a line's first item."""
    found = _found(world, return_id)
    first = _items(found, order_line_id)[0]
    if not 0 < quantity <= first.quantity - first.accepted_quantity - first.rejected_quantity:
        raise ValueError(f"item {first.id} has no {quantity} units to give away")
    first.quantity -= quantity
    part = replace(first, id=uuid.uuid4().hex, quantity=quantity, accepted_quantity=0, rejected_quantity=0)
    found.items.append(part)
    webhooks.announce(world, found, "return.updated")


def set_reveni_return(world: World, return_id: str, changes: Mapping[str, Any]) -> None:
    """Change what decides about money: type, mode, currency, refunds, or the status as it stands there."""
    found = _found(world, return_id)
    if unknown := set(changes) - set(_CHANGEABLE):
        raise ValueError(f"{sorted(unknown)} cannot be changed")
    for name, value in changes.items():
        setattr(found, name, value)
    webhooks.announce(world, found, "return.updated")


def set_deliveries_per_event(world: World, times: int) -> None:
    """0 loses every webhook from now on, 2 sends each one twice."""
    world.deliveries_per_event = times


def send_webhook(world: World, return_id: str, event: str = "return.updated", age: Any = 0, **facts: Any) -> str:
    """Send an event once more, forged (`key`), stale (`age` seconds) or as it was (`event_id`)."""
    return webhooks.deliver(world, _found(world, return_id), event, age=float(age), **facts)


def _items(found: ReveniReturn, order_line_id: str) -> list[ReturnItem]:
    items = [item for item in found.items if item.external_id == order_line_id]
    if not items:
        raise LookupError(f"return {found.id} has no item {order_line_id}")
    return items


def _found(world: World, return_id: str) -> ReveniReturn:
    if return_id in world.reveni_returns:
        return world.reveni_returns[return_id]
    found = [each for each in world.reveni_returns.values() if each.external_id == return_id]
    if not found:
        raise LookupError(f"Reveni has no return {return_id}")
    return found[-1]
