"""Reveni's error bodies (Reveni W6) and its credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.sandbox.calls import Call, Refused

if TYPE_CHECKING:
    from integration.sandbox.reveni.records import ReveniReturn
    from integration.sandbox.world import World


def known_caller(world: World, call: Call) -> None:
    """:raises Refused: 401 for another key, 404 for another store."""
    if call.headers.get("Authorization") != f"Bearer {world.options.reveni_key}":
        raise Refused(401, {"detail": "Invalid token."})
    if call.path["store_id"] != world.options.reveni_store_id:
        raise Refused(404, {"detail": "Not found."})


def found_return(world: World, call: Call) -> ReveniReturn:
    """:raises Refused: 404 where there is no such return."""
    found = world.reveni_returns.get(call.path["return_id"])
    if found is None:
        raise Refused(404, {"detail": "Not found."})
    return found


def body_of(call: Call) -> dict[str, Any]:
    """:raises Refused: 400 where the body is no JSON object."""
    try:
        return call.json()
    except ValueError as error:
        raise Refused(400, {"detail": "JSON parse error"}) from error


def field_error(field: str, message: str) -> Refused:
    return Refused(400, {field: [message]})
