"""What the warehouse decided in Reveni, checked against what was announced. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from integration.domain.returns import REVENI_ITEM_STATUSES
from integration.errors import Held

AWAITING = ("awaiting_inspection", "awaiting_restock")
"""Why units are not on sale yet, but may be when Reveni says so."""

NO_REASON = "(none)"
"""Stands for the reject reason that Reveni leaves out, among others that it gives."""


class Judged(Protocol):
    """An item of a Reveni return (W3). Quantities are units; None where Reveni does not say."""

    @property
    def status(self) -> str | None: ...
    @property
    def accepted_quantity(self) -> int | None: ...
    @property
    def rejected_quantity(self) -> int | None: ...
    @property
    def reject_reason(self) -> str | None: ...
    @property
    def restock(self) -> bool | None: ...
    @property
    def restocked_quantity(self) -> int | None: ...
    @property
    def received_sku(self) -> str | None: ...


@dataclass(frozen=True)
class Units:
    """Units of one return line, all cumulative: they only grow."""

    announced: int
    accepted: int
    rejected: int
    restocked: int | None


@dataclass(frozen=True)
class LineVerdict:
    """What all items of one order line say together: W1 makes one, and people in Reveni split it.

    The quantities are the items' sums; each is None where an item does not say its part, but for `restocked_quantity`,
    of which an item that leaves it out has none where another one fills it.
    """

    items: tuple[Judged, ...]

    @property
    def status(self) -> str | None:
        """The first one that nobody knows, else the first."""
        stated = [item.status for item in self.items if item.status is not None]
        unknown = [status for status in stated if status not in REVENI_ITEM_STATUSES]
        return next(iter([*unknown, *stated]), None)

    @property
    def accepted_quantity(self) -> int | None:
        return _sum([item.accepted_quantity for item in self.items])

    @property
    def rejected_quantity(self) -> int | None:
        return _sum([item.rejected_quantity for item in self.items])

    @property
    def restocked_quantity(self) -> int | None:
        filled = [item.restocked_quantity for item in self.items if item.restocked_quantity is not None]
        return sum(filled) if filled else None

    @property
    def reject_reason(self) -> str | None:
        """All of them where they differ, with commas between."""
        given = {item.reject_reason for item in self.items if item.rejected_quantity or item.reject_reason}
        if len(given) < 2:
            return next(iter(given), None)
        return ",".join(sorted(reason or NO_REASON for reason in given))

    @property
    def restock(self) -> bool | None:
        """None where the items differ: what becomes of each is for `sellable_line` to say."""
        words = {item.restock for item in self._with_goods()}
        return words.pop() if len(words) == 1 else None

    @property
    def received_skus(self) -> frozenset[str | None]:
        """What was found in the parcel; None stands for what was ordered."""
        return frozenset(item.received_sku for item in self._with_goods())

    @property
    def received_sku(self) -> str | None:
        """None also where the items differ."""
        found = self.received_skus
        return next(iter(found)) if len(found) == 1 else None

    def _with_goods(self) -> Sequence[Judged]:
        """The items of which units were accepted, where there are any: what the others say decides nothing."""
        return [item for item in self.items if item.accepted_quantity] or self.items


def check_verdict(known: Units, verdict: Judged | LineVerdict, *, order_line_id: str) -> Units:
    """The line's units after this verdict.

    :param known: what of the line has had consequences, which a verdict cannot take back.
    :raises Held: when a quantity shrinks, is missing, or is more than was announced; nothing is taken over then.
    """
    if verdict.status is not None and verdict.status not in REVENI_ITEM_STATUSES:
        raise Held("unknown_reveni_status", f"Reveni gives line {order_line_id} the status {verdict.status!r}.")
    if verdict.accepted_quantity is None or verdict.rejected_quantity is None:
        raise Held("verdict_incomplete", f"Reveni does not say how many units of line {order_line_id} it accepted.")
    after = Units(known.announced, verdict.accepted_quantity, verdict.rejected_quantity, verdict.restocked_quantity)
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


@dataclass(frozen=True)
class SellableLine:
    """A line's accepted units: on sale, never on sale, or still to be heard of; each with the reason why not."""

    on_sale: int
    never: int
    never_reason: str | None
    waiting_reason: str | None


def sellable_line(disposition: str, verdict: LineVerdict) -> SellableLine:
    """`sellable_units` of each item by its own words, added up."""
    fills = verdict.restocked_quantity is not None
    on_sale, never, reasons = 0, 0, []  # type: int, int, list[str]
    for item in verdict.items:
        accepted = item.accepted_quantity or 0
        restocked = (item.restocked_quantity or 0) if fills else None
        part = sellable_units(disposition, item.restock, Units(accepted, accepted, 0, restocked))
        on_sale += part.on_sale
        if accepted > part.on_sale and part.reason is not None:
            reasons.append(part.reason)
            never += 0 if part.reason in AWAITING else accepted - part.on_sale
    return SellableLine(
        on_sale,
        never,
        never_reason=next((reason for reason in reasons if reason not in AWAITING), None),
        waiting_reason=next((reason for reason in reasons if reason in AWAITING), None),
    )


def _sum(parts: Sequence[int | None]) -> int | None:
    said = [part for part in parts if part is not None]
    return sum(said) if len(said) == len(parts) else None
