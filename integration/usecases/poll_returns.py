"""Find the returns that changed on Mirakl (RT11) and let each of them take its next step."""

from __future__ import annotations

from datetime import timedelta

from integration.domain.returns import KNOWN_STATES
from integration.errors import Held
from integration.ledger import intents
from integration.ledger.marks import move_watermark, watermark
from integration.ledger.returns import lock_return
from integration.ledger.store import Tx
from integration.ledger.tables import ReturnLineRow, ReturnRow
from integration.mirakl.operations import RT11
from integration.mirakl.wire import Return
from integration.usecases.advance_return import advance, hold_return
from integration.usecases.polling import at_the_ceiling, overlap
from integration.usecases.ports import Ports

WATERMARK = "RT11"
FIRST_LOOK = timedelta(days=90)
"""How far the very first poll reaches back: no return of that age is still on its way."""


def poll_returns(ports: Ports) -> str:
    """One pass over all pages; the watermark moves only after the last page is stored."""
    return at_the_ceiling(ports, RT11, lambda: _pass(ports)) or "the ceiling is closed"


def _pass(ports: Ports) -> str:
    with ports.ledger.read() as tx:
        started, mark = tx.now, watermark(tx, WATERMARK)
    since = (mark or started - FIRST_LOOK) - overlap(ports)
    seen = 0
    for page in ports.mirakl.returns_updated_since(since):
        with ports.ledger.write() as tx:
            for found in page:
                store_return(ports, tx, found)
        seen += len(page)
    with ports.ledger.write() as tx:
        move_watermark(tx, WATERMARK, started)
    return f"{seen} seen"


def store_return(ports: Ports, tx: Tx, found: Return) -> None:
    """Write down what RT11 shows of one return. Seen twice, or seen older than known, it changes nothing."""
    row = lock_return(tx, found.id)
    if row is None:
        _add(ports, tx, found)
        return
    older = row.last_updated and found.last_updated and found.last_updated < row.last_updated
    if older or row.mirakl_state == found.state:
        return
    row.mirakl_state, row.last_updated = found.state, found.last_updated
    if found.state not in KNOWN_STATES:
        hold_return(tx, row, _unknown_state(found))
        return
    advance(ports, tx, row)


def _add(ports: Ports, tx: Tx, found: Return) -> None:
    row = ReturnRow(
        shop=tx.shop, return_id=found.id, order_id=found.order_id, commercial_id=found.order_commercial_id,
        mirakl_state=found.state, state="new", date_created=found.date_created, last_updated=found.last_updated,
        first_seen_at=tx.now, reveni_refunds=[],
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    if len({line.order_line_id for line in found.return_lines}) != len(found.return_lines):
        hold_return(tx, row, Held("duplicate_return_line", f"Return {found.id} names an order line twice."))
        return
    for line in found.return_lines:
        tx.session.add(
            ReturnLineRow(
                shop=tx.shop, return_id=found.id, order_line_id=line.order_line_id, quantity=line.quantity,
                reason_code=found.reason_of(line), accepted=0, rejected=0, refund_units=0,
                moved_units=0, sellable_units=0,
            )
        )  # fmt: skip
    tx.session.flush()
    if found.state not in KNOWN_STATES:
        hold_return(tx, row, _unknown_state(found))
    elif found.state in ("WAITING_ACCEPTANCE", "IN_PROGRESS", "RECEIVED"):
        intents.decide(tx, "map_return", found.id)
    else:  # it ended before Backhaul saw it
        advance(ports, tx, row)


def _unknown_state(found: Return) -> Held:
    return Held("unknown_return_state", f"Mirakl gives return {found.id} the unknown state {found.state!r}.")
