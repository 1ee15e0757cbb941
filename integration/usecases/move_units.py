"""Every unit that came back is a movement: on its way to be on sale, or at its location with the reason why not."""

from __future__ import annotations

from datetime import datetime

from integration.domain.verdicts import Units, sellable_units
from integration.errors import Held
from integration.ledger.listings import open_reviews_of
from integration.ledger.marks import alert_once, forget_alerts, given_alerts
from integration.ledger.returns import get_return
from integration.ledger.reviews import close_review, open_review
from integration.ledger.stock import add_movement, movements
from integration.ledger.store import Tx
from integration.ledger.tables import MovementRow, ReturnLineRow
from integration.usecases.ports import Ports
from integration.usecases.stock_channel import put_on_sale

ON_SALE = "already_on_sale"
AWAITING = ("awaiting_inspection", "awaiting_restock")


def move_units(ports: Ports, tx: Tx, line: ReturnLineRow, units: Units) -> None:
    """Move what is new of a line since it was last looked at: units accepted, and units found sellable."""
    sellable = sellable_units(line.disposition or "quarantine", line.restock, units)
    to_sell = sellable.on_sale - line.sellable_units
    if line.sellable_units:
        _tell_already_on_sale(tx, line, max(0, -to_sell))
    to_sell = max(0, to_sell)
    for waiting in movements(tx, states=["excluded"], return_id=line.return_id, order_line_id=line.order_line_id):
        if to_sell and waiting.reason in AWAITING:
            to_sell -= _release(ports, tx, line, waiting, to_sell)
    arrived = units.accepted - line.moved_units
    at_once = min(arrived, to_sell)
    if at_once > 0:
        _put_on_sale(ports, tx, line, _movement(ports, tx, line, at_once, "pending", None))
    if arrived > at_once:
        _movement(ports, tx, line, arrived - at_once, "excluded", sellable.reason)
    line.moved_units = units.accepted
    line.sellable_units = max(line.sellable_units, sellable.on_sale)


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


def _movement(ports: Ports, tx: Tx, line: ReturnLineRow, quantity: int, state: str, reason: str | None) -> MovementRow:
    return add_movement(
        tx, return_id=line.return_id, order_line_id=line.order_line_id,
        sku=_offer_sku(ports, line) or line.received_sku or "", quantity=quantity, location=line.location,
        state=state, reason=reason, restocked_at=None if state == "excluded" else _said_at(tx, line),
    )  # fmt: skip


def _said_at(tx: Tx, line: ReturnLineRow) -> datetime | None:
    """When Reveni updated the return to say what is being taken over, by its own clock (Reveni W3)."""
    row = get_return(tx, line.return_id)
    return None if row is None else row.verdict_at


def _offer_sku(ports: Ports, line: ReturnLineRow) -> str | None:
    """The SKU is what came back: what the warehouse found in the parcel, else what was ordered."""
    skus = ports.mappings.current().skus
    return line.offer_sku if line.received_sku is None else skus.to_mirakl(line.received_sku)


def _release(ports: Ports, tx: Tx, line: ReturnLineRow, waiting: MovementRow, wanted: int) -> int:
    """Put units that waited for the warehouse on sale; a movement of more units than that is split."""
    released = min(waiting.quantity, wanted)
    if released == waiting.quantity:
        waiting.state, waiting.reason, waiting.due_at = "pending", None, tx.now
        waiting.restocked_at = _said_at(tx, line)
        _put_on_sale(ports, tx, line, waiting)
        return released
    waiting.quantity -= released
    part = add_movement(
        tx, return_id=waiting.return_id, order_line_id=waiting.order_line_id, sku=waiting.sku, quantity=released,
        location=waiting.location, state="pending", reason=None, restocked_at=_said_at(tx, line),
    )  # fmt: skip
    _put_on_sale(ports, tx, line, part)
    return released


def _put_on_sale(ports: Ports, tx: Tx, line: ReturnLineRow, movement: MovementRow) -> None:
    """By the SKU as it is known now, which the warehouse may have found out only since the units arrived."""
    sku = _offer_sku(ports, line)
    movement.sku = sku or line.received_sku or ""
    tx.session.flush()
    if sku:
        put_on_sale(ports, tx, movement)
        return
    what = line.received_sku or f"order line {line.order_line_id}"
    hold_movement(tx, movement, Held("unmapped_sku", f"No Mirakl offer SKU is known for {what}: see skus.csv."))


def _tell_already_on_sale(tx: Tx, line: ReturnLineRow, units: int) -> None:
    """One case for all lines of a return, told once for each of their units; it closes when Reveni takes all back."""
    of_line = f"{line.return_id} {line.order_line_id} "
    if not units:
        forget_alerts(tx, ON_SALE, [one for one in given_alerts(tx, ON_SALE) if one.startswith(of_line)])
    elif not alert_once(tx, ON_SALE, f"{of_line}{units}"):
        return
    known = [one for one in open_reviews_of(tx, kind="return", subject=line.return_id) if one.reason == ON_SALE]
    before = known[0].evidence.get("lines", {}) if known else {}
    lines = {one: count for one, count in {**before, line.order_line_id: units}.items() if count}
    if lines == before:
        return
    if not lines:
        close_review(tx, known[0], resolution="Reveni says again that these units are to be sold")
        return
    which = ", ".join(f"{count} unit(s) of line {one}" for one, count in lines.items())
    open_review(
        tx, kind="return", subject=line.return_id, reason=ON_SALE, evidence={"lines": lines},
        detail=f"Reveni says now that {which} are not to be sold, but they are on sale already: take them off by hand.",
    )  # fmt: skip
