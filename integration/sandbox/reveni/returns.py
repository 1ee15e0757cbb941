"""Reveni's returns: create (W1), read, list (W2), cancel (W5) and the merchant's verdict."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from integration.sandbox.calls import Answer, Call, Refused
from integration.sandbox.reveni.records import ReturnItem, ReveniReturn
from integration.sandbox.reveni.refusals import body_of, field_error, found_return
from integration.sandbox.reveni.webhooks import announce
from integration.sandbox.wire import moment

if TYPE_CHECKING:
    from integration.sandbox.world import World

PAGE = 50
REJECT_REASONS = frozenset({"defect", "wrong_product", "change_of_mind", "delay"})


def create_return(world: World, call: Call) -> Answer:
    """W1: no idempotency key, so the same body twice is two returns."""
    body = body_of(call)
    for required in ("external_id", "type", "order", "return_items"):
        if not body.get(required):
            raise field_error(required, "This field is required.")
    if not isinstance(body["order"], dict) or not body["order"].get("external_id"):
        raise field_error("order", "This field is malformed.")
    created = ReveniReturn(
        id=uuid.uuid4().hex,
        external_id=str(body["external_id"]),
        order_id=uuid.uuid4().hex,
        order=body["order"],
        type=str(body["type"]),
        mode="instant" if body.get("instant") else "not_instant",
        currency=str(body["order"].get("currency", world.options.currency)),
        updated=world.now(),
        items=[_item(world, item) for item in body["return_items"]],
    )
    world.reveni_returns[created.id] = created
    announce(world, created, "return.created")
    return Answer(201, {"id": created.id, "order_id": created.order_id, "token": uuid.uuid4().hex})


def _item(world: World, item: Any) -> ReturnItem:
    if not isinstance(item, dict):
        raise field_error("return_items", "This field is malformed.")
    for required in ("external_id", "sku", "quantity", "unit_price", "return_reason"):
        if not item.get(required):
            raise field_error("return_items", f"{required}: this field is required.")
    whole, _, decimals = str(item["unit_price"]).partition(".")
    if not isinstance(item["unit_price"], str) or not whole.isdigit() or len(decimals) != 4:
        raise field_error("return_items", "unit_price: a string with four decimals is required.")
    return ReturnItem(
        id=uuid.uuid4().hex,
        external_id=str(item["external_id"]),
        sku=str(item["sku"]),
        name=str(item.get("name", "")),
        quantity=int(item["quantity"]),
        unit_price=item["unit_price"],
        return_reason=str(item["return_reason"]),
        restocked_quantity=0 if world.options.reveni_fills_restocked_quantity else None,
    )


def read_return(world: World, call: Call) -> Answer:
    """GET returns/{id} (documented, extended by W3)."""
    return Answer(body=return_view(found_return(world, call)))


def list_returns(world: World, call: Call) -> Answer:
    """W2: by order or by time of update, oldest update first; `next` is an absolute address."""
    order_id, since = call.one("order_external_id"), call.one("updated_from")
    try:
        earliest = None if since is None else moment(since)
        page = int(call.one("page") or 1)
    except ValueError as error:
        raise field_error("updated_from", "Enter a valid date-time.") from error
    found = sorted(
        (
            each
            for each in world.reveni_returns.values()
            if order_id in (None, each.order["external_id"]) and (earliest is None or each.updated >= earliest)
        ),
        key=lambda each: (each.updated, each.id),
    )
    more = page * PAGE < len(found)
    query = {**call.query, "page": [str(page + 1)]}
    return Answer(
        body={
            "results": [return_view(each) for each in found[(page - 1) * PAGE : page * PAGE]],
            "next": f"{call.url}?{urlencode(query, doseq=True)}" if more else None,
        }
    )


def cancel_return(world: World, call: Call) -> Answer:
    """W5: before the parcel is judged; afterwards 409."""
    found = found_return(world, call)
    if found.status not in ("in_progress", "cancelled"):
        raise Refused(409, {"detail": "The return has been judged already."})
    found.fixed_status = "cancelled"
    announce(world, found, "return.updated")
    return Answer(body=return_view(found))


def validate_items(world: World, call: Call) -> Answer:
    """POST partial_validate: the merchant's verdict on some units."""
    found = found_return(world, call)
    items = {item.id: item for item in found.items}
    for verdict in body_of(call).get("items") or []:
        item = items.get(verdict.get("item_id"))
        if item is None or verdict.get("status") not in ("accepted", "rejected"):
            raise field_error("items", "This field is malformed.")
        judge(
            item,
            {
                verdict["status"]: int(verdict.get("quantity", 1)),
                "reject_reason": verdict.get("reject_reason"),
            },
        )
    announce(world, found, "return.updated")
    return Answer(body=return_view(found))


def judge(item: ReturnItem, verdict: Mapping[str, Any]) -> None:
    """Add `accepted` and `rejected` units to what was judged before, and set what else the verdict says.

    :raises Refused: 400 for more units than there are, or an unknown reject reason.
    """
    accepted, rejected = int(verdict.get("accepted", 0)), int(verdict.get("rejected", 0))
    if accepted + rejected > item.quantity - item.accepted_quantity - item.rejected_quantity:
        raise field_error("items", "The quantity is larger than what is left.")
    if verdict.get("reject_reason") not in (None, *REJECT_REASONS):
        raise field_error("items", "The reject reason is unknown.")
    item.accepted_quantity += accepted
    item.rejected_quantity += rejected
    for name in (
        "reject_reason",
        "reject_reason_text",
        "restock",
        "received_sku",
        "restocked_quantity",
        "for_review",
    ):
        if verdict.get(name) is not None:
            setattr(item, name, verdict[name])


def return_view(each: ReveniReturn) -> dict[str, Any]:
    return {
        "id": each.id,
        "external_id": each.external_id,
        "type": each.type,
        "status": each.status,
        "mode": each.mode,
        "currency": each.currency,
        "updated_at": each.updated,
        "order": {
            "id": each.order_id,
            "external_id": each.order["external_id"],
            "name": each.order.get("name"),
        },
        "refunds": each.refunds,
        "return_items": [_item_view(item) for item in each.items],
    }


def _item_view(item: ReturnItem) -> dict[str, Any]:
    view = {
        "id": item.id,
        "external_id": item.external_id,
        "sku": item.sku,
        "name": item.name,
        "quantity": item.quantity,
        "unit_price": item.unit_price,
        "return_reason": item.return_reason,
        "exchange": item.exchange,
        "status": item.status,
        "accepted_quantity": item.accepted_quantity,
        "rejected_quantity": item.rejected_quantity,
        "reject_reason": item.reject_reason,
        "reject_reason_text": item.reject_reason_text,
        "restock": item.restock,
        "received_sku": item.received_sku,
    }
    return view if item.restocked_quantity is None else {**view, "restocked_quantity": item.restocked_quantity}
