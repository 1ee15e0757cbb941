"""Mirakl's error body, and the checks that every one of its operations shares."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from integration.sandbox.calls import Call, Refused
from integration.sandbox.wire import moment

if TYPE_CHECKING:
    from integration.sandbox.world import World


def refusal(status: int, message: str, code: str | None = None) -> Refused:
    """`{"message", "status"}`, with the machine code that newer operations publish (OR21)."""
    body: dict[str, Any] = {"message": message, "status": status}
    if code is not None:
        body["code"] = code
    return Refused(status, body)


def known_caller(world: World, call: Call) -> None:
    """The raw key and, where one is given, the right shop.

    :raises Refused: 401 for another key or for `Bearer`, 403 for another shop.
    """
    if call.headers.get("Authorization") != world.options.mirakl_key:
        raise refusal(401, "Unauthorized")
    if call.one("shop_id") not in (None, str(world.options.shop_id)):
        raise refusal(403, "Forbidden")


def anyone(_world: World, _call: Call) -> None:
    """V01 asks for no key."""


def body_of(call: Call, root: str) -> dict[str, Any]:
    """The request body, which must hold a list under `root`.

    :raises Refused: 400, as Mirakl words a malformed body.
    """
    try:
        body = call.json()
    except ValueError as error:
        raise refusal(400, "Bad Request") from error
    if not isinstance(body.get(root), list):
        raise refusal(400, f"Error with field {root}. Please check the field datatype.")
    return body


def date_of(call: Call, name: str) -> datetime | None:
    """A date-time parameter.

    :raises Refused: 400 where it is not one.
    """
    text = call.one(name)
    if text is None:
        return None
    try:
        return moment(text)
    except ValueError as error:
        raise refusal(400, f"Error with parameter {name}. Please check the datatype.") from error


def number_of(call: Call, name: str, default: int, *, at_least: int, at_most: int) -> int:
    """A whole number, cut to what the operation allows.

    :raises Refused: 400 where it is not one or too small.
    """
    text = call.one(name)
    if text is None:
        return default
    if not text.isdigit() or int(text) < at_least:
        raise refusal(400, f"Error with parameter {name}. Please check the datatype.")
    return min(int(text), at_most)
