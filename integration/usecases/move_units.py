"""Every unit that came back is a movement: on its way to be on sale, or at its location with the reason why not."""

from __future__ import annotations

from dataclasses import dataclass

from integration.domain.verdicts import AWAITING, LineVerdict, SellableLine, sellable_line
from integration.errors import Held
from integration.ledger.reviews import open_review
from integration.ledger.stock import add_movement, movements
from integration.ledger.store import Tx
from integration.ledger.tables import MovementRow, ReturnLineRow, ReturnRow
from integration.usecases.ports import Ports
from integration.usecases.stock_channel import put_on_sale
from integration.usecases.unknown_past import unknown_past


@dataclass(frozen=True)
class _Moving:
    """A line whose new units are moved; `held`: why none of them is put on sale by itself."""

    ports: Ports
    tx: Tx
    row: ReturnRow
    line: ReturnLineRow
    held: Held | None


def move_units(ports: Ports, tx: Tx, row: ReturnRow, line: ReturnLineRow, verdict: LineVerdict) -> None:
    """Move what is new of a line since it was last looked at: units accepted, and units found sellable."""
    sellable = sellable_line(line.disposition or "quarantine", verdict)
    moving = _Moving(ports, tx, row, line, held=unknown_past(tx, row) or _which_goods(line, verdict))
    to_sell = max(sellable.on_sale - line.sellable_units, 0)
    excluded = movements(tx, states=["excluded"], return_id=line.return_id, order_line_id=line.order_line_id)
    never_known = sum(movement.quantity for movement in excluded if movement.reason not in AWAITING)
    for waiting in excluded:
        if to_sell and waiting.reason in AWAITING:
            to_sell -= _release(moving, waiting, to_sell)
    arrived = line.accepted - line.moved_units
    at_once = min(arrived, to_sell)
    if at_once > 0:
        _put_on_sale(moving, _movement(moving, at_once, "pending", None))
    for units, reason in _off_sale(sellable, arrived - at_once, never_known=never_known):
        if units > 0:
            _movement(moving, units, "excluded", reason)
    line.moved_units = max(line.moved_units, line.accepted)
    line.sellable_units = max(line.sellable_units, sellable.on_sale)


def tell_already_on_sale(tx: Tx, line: ReturnLineRow, verdict: LineVerdict) -> None:
    """Where the warehouse says now that units should not be sold which are on sale."""
    units = line.sellable_units - sellable_line(line.disposition or "quarantine", verdict).on_sale
    if units > 0:
        _tell_already_on_sale(tx, line, units)


def _off_sale(sellable: SellableLine, units: int, *, never_known: int) -> list[tuple[int, str | None]]:
    """Units that are not put on sale now: those that never are, and those that wait for the warehouse's word."""
    never = min(units, max(sellable.never - never_known, 0))
    return [
        (never, sellable.never_reason),
        (units - never, sellable.waiting_reason or sellable.never_reason or AWAITING[0]),
    ]


def _which_goods(line: ReturnLineRow, verdict: LineVerdict) -> Held | None:
    """Reveni's items of one line name different goods: how many of each are new cannot be told from their sum."""
    if len(verdict.received_skus) < 2:
        return None
    names = ", ".join(sorted(sku or f"{line.offer_sku} (as ordered)" for sku in verdict.received_skus))
    return Held(
        "received_skus_differ",
        f"Reveni's items of line {line.order_line_id} of return {line.return_id} are different goods ({names}): see "
        "what came back, put it on sale by hand, then resolve with --done.",
        {"received_skus": sorted(sku or "" for sku in verdict.received_skus)},
    )


def hold_movement(tx: Tx, movement: MovementRow, held: Held) -> None:
    """These units, and no others, wait for a person."""
    movement.state, movement.reason, movement.detail = "held", held.reason, held.detail
    open_review(
        tx,
        kind="stock",
        subject=str(movement.id),
        reason=held.reason,
        detail=held.detail,
        evidence=held.evidence,
    )


def _movement(moving: _Moving, quantity: int, state: str, reason: str | None) -> MovementRow:
    line = moving.line
    # When Reveni updated the return to say what is being taken over, by its own clock (Reveni W3).
    said_at = None if state == "excluded" else moving.row.verdict_at
    return add_movement(
        moving.tx, return_id=line.return_id, order_line_id=line.order_line_id,
        sku=_offer_sku(moving.ports, line) or line.received_sku or "", quantity=quantity, location=line.location,
        state=state, reason=reason, restocked_at=said_at,
    )  # fmt: skip


def _offer_sku(ports: Ports, line: ReturnLineRow) -> str | None:
    """The SKU is what came back: what the warehouse found in the parcel, else what was ordered."""
    skus = ports.mappings.current().skus
    return line.offer_sku if line.received_sku is None else skus.to_mirakl(line.received_sku)


def _release(moving: _Moving, waiting: MovementRow, wanted: int) -> int:
    """Put units that waited for the warehouse on sale; a movement of more units than that is split."""
    released = min(waiting.quantity, wanted)
    if released == waiting.quantity:
        waiting.state, waiting.reason, waiting.due_at = "pending", None, moving.tx.now
        waiting.restocked_at = moving.row.verdict_at
        _put_on_sale(moving, waiting)
        return released
    waiting.quantity -= released
    part = add_movement(
        moving.tx, return_id=waiting.return_id, order_line_id=waiting.order_line_id, sku=waiting.sku, quantity=released,
        location=waiting.location, state="pending", reason=None, restocked_at=moving.row.verdict_at,
    )  # fmt: skip
    _put_on_sale(moving, part)
    return released


def _put_on_sale(moving: _Moving, movement: MovementRow) -> None:
    """By the SKU as it is known now, which the warehouse may have found out only since the units arrived."""
    ports, tx, line = moving.ports, moving.tx, moving.line
    sku = _offer_sku(ports, line)
    movement.sku = sku or line.received_sku or ""
    tx.session.flush()
    if moving.held is not None:
        hold_movement(tx, movement, moving.held)
        return
    if sku:
        put_on_sale(ports, tx, movement)
        return
    what = line.received_sku or f"order line {line.order_line_id}"
    hold_movement(tx, movement, Held("unmapped_sku", f"No Mirakl offer SKU is known for {what}: see skus.csv."))


def _tell_already_on_sale(tx: Tx, line: ReturnLineRow, units: int) -> None:
    open_review(
        tx, kind="return", subject=line.return_id, reason="already_on_sale",
        detail=f"Reveni says now that {units} unit(s) of line {line.order_line_id} are not to be sold, but they are "
        "on sale already: take them off by hand.",
    )  # fmt: skip
