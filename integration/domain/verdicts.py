"""What the warehouse decided in Reveni, checked against what was announced. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from integration.domain.returns import REVENI_ITEM_STATUSES
from integration.errors import Held


class Judged(Protocol):
    """An item of a Reveni return (W3). Quantities are units; None where Reveni does not say."""

    @property
    def status(self) -> str | None: ...
    @property
    def accepted_quantity(self) -> int | None: ...
    @property
    def rejected_quantity(self) -> int | None: ...
    @property
    def restock(self) -> bool | None: ...
    @property
    def restocked_quantity(self) -> int | None: ...


@dataclass(frozen=True)
class Units:
    """Units of one return line, all cumulative: they only grow."""

    announced: int
    accepted: int
    rejected: int
    restocked: int | None


def check_verdict(known: Units, item: Judged, *, order_line_id: str) -> Units:
    """The line's units after this verdict.

    :raises Held: when a quantity shrinks, is missing, or is more than was announced; nothing is taken over then.
    """
    if item.status is not None and item.status not in REVENI_ITEM_STATUSES:
        raise Held("unknown_reveni_status", f"Reveni gives line {order_line_id} the status {item.status!r}.")
    if item.accepted_quantity is None or item.rejected_quantity is None:
        raise Held("verdict_incomplete", f"Reveni does not say how many units of line {order_line_id} it accepted.")
    after = Units(known.announced, item.accepted_quantity, item.rejected_quantity, item.restocked_quantity)
    evidence = {"order_line_id": order_line_id, "known": vars(known), "verdict": vars(after)}
    if after.accepted < known.accepted or after.rejected < known.rejected:
        raise Held("quantities_shrank", f"Reveni took back a verdict on line {order_line_id}.", evidence)
    if (after.restocked or 0) < (known.restocked or 0):
        raise Held("quantities_shrank", f"Reveni took back restocked units of line {order_line_id}.", evidence)
    if after.accepted + after.rejected > after.announced:
        raise Held("more_judged_than_returned", f"More units of line {order_line_id} judged than returned.", evidence)
    if (after.restocked or 0) > after.accepted:
        raise Held(
            "more_restocked_than_accepted",
            f"More units of line {order_line_id} restocked than accepted.",
            evidence,
        )
    return after


@dataclass(frozen=True)
class Sellable:
    """How many of a line's accepted units go back on sale, and why the others do not (yet).

    `waiting` units may still go on sale when Reveni says so; `excluded` ones never do.
    """

    on_sale: int
    reason: str | None


def sellable_units(disposition: str, item_restock: bool | None, units: Units) -> Sellable:
    """By the table (`restock | inspect | quarantine`) and the warehouse's word, which wins where it says no.

    Where Reveni fills `restocked_quantity`, only that counts as restocked (Reveni W4).
    """
    if item_restock is False:
        return Sellable(0, "warehouse_says_no")
    if disposition == "quarantine":
        return Sellable(0, "quarantine")
    if units.restocked is not None:
        return Sellable(units.restocked, "awaiting_restock" if disposition == "restock" else "awaiting_inspection")
    if disposition == "restock" or item_restock is True:
        return Sellable(units.accepted, None)
    return Sellable(0, "awaiting_inspection")
