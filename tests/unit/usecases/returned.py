"""How a return stands: in the ledger, and by the books of the sandbox."""

from __future__ import annotations

from typing import Any

from integration.ledger.returns import get_return
from integration.ledger.tables import ReturnRow
from integration.usecases.poll_returns import poll_returns
from tests.unit.usecases.lane import Lane, Parcel


def row(lane: Lane, parcel: Parcel) -> ReturnRow:
    with lane.fleet.ports.ledger.read() as tx:
        found = get_return(tx, parcel.return_id)
    assert found is not None
    return found


def twins(lane: Lane, parcel: Parcel) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lane.sandbox.books()["reveni_returns"].get(parcel.return_id, [])
    return found


def held_for(lane: Lane, parcel: Parcel) -> str | None:
    return row(lane, parcel).held_reason


def until_held(lane: Lane, parcel: Parcel, reason: str) -> None:
    lane.until(lambda: held_for(lane, parcel) == reason)
    assert row(lane, parcel).state == "held"
    assert ("return", reason) in lane.inbox()


def poll_until(lane: Lane, parcel: Parcel, state: str) -> None:
    """Poll Mirakl's returns until this one stands so."""

    def reached() -> bool:
        poll_returns(lane.fleet.ports)
        return row(lane, parcel).state == state

    lane.until(reached)


def in_reveni(lane: Lane, units: int = 3, **line: Any) -> Parcel:
    lane.sandbox.seed_offers({"SKU-1": 5})
    parcel = lane.send_back(units, **line)
    lane.arrive(parcel)
    return parcel


def refunded(lane: Lane, parcel: Parcel) -> list[int]:
    """Units of each refund in Mirakl's own books."""
    return [refund["quantity"] for refund in lane.sandbox.books()["refunds"].get(parcel.order_line_id, [])]


def on_sale(lane: Lane) -> int:
    level: int = lane.sandbox.books()["stock"]["SKU-1"]
    return level


def moved(lane: Lane, parcel: Parcel) -> list[tuple[int, str, str | None]]:
    return [(one.quantity, one.state, one.reason) for one in lane.movements(parcel)]
