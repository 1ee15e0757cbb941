"""Find the returns that changed on Mirakl (RT11) and let each of them take its next step."""

from __future__ import annotations

from datetime import datetime, timedelta

from integration.domain.returns import ENDED, KNOWN_STATES
from integration.ledger import intents
from integration.ledger.marks import move_watermark, watermark
from integration.ledger.returns import add_line, last_seen, lock_return
from integration.ledger.standing import returns_were_read
from integration.ledger.store import Tx
from integration.ledger.tables import ReturnRow
from integration.mirakl.operations import RT11
from integration.mirakl.wire import Return
from integration.usecases.advance_return import advance, hold_return
from integration.usecases.change_return import (
    change_return,
    duplicate_line,
    lines_in,
    names_a_line_twice,
    no_lines,
    take_tracking,
    unknown_state,
)
from integration.usecases.first_look import take_first_look
from integration.usecases.polling import overlap, poll_when_due
from integration.usecases.ports import Ports
from integration.usecases.read_back_returns import POLL, note_page, read_back_returns

WATERMARK = "RT11"
FIRST_LOOK = timedelta(days=90)
"""How far the very first poll reaches back: no return of that age is still on its way."""


def poll_returns(ports: Ports) -> str:
    """One pass over all pages; the watermark moves only after the last page is stored.

    Where steps wait to be read back, and an earlier pass has not shown their returns, this call is theirs.
    """
    return read_back_returns(ports) or poll_when_due(ports, POLL, RT11, lambda: _pass(ports))


def _pass(ports: Ports) -> str:
    with ports.ledger.read() as tx:
        started, mark = tx.now, watermark(tx, WATERMARK)
    since = (mark or started - FIRST_LOOK) - overlap(ports)
    seen = 0
    for page in ports.mirakl.returns_updated_since(since):
        with ports.ledger.read() as tx:
            known = last_seen(tx, [found.id for found in page])
        news = [found for found in page if not found.last_updated or known.get(found.id) != _seen(found)]
        if news:
            with ports.ledger.write() as tx:
                for found in sorted(news, key=lambda one: one.id):  # the order in which batches of steps lock them, too
                    store_return(ports, tx, found)
        note_page(ports, page, asked_at=started)
        seen += len(page)
    with ports.ledger.write() as tx:
        move_watermark(tx, WATERMARK, started)
        returns_were_read(tx, started=started)
    take_first_look(ports)
    return f"{seen} seen"


def _seen(found: Return) -> tuple[datetime | None, str]:
    return found.last_updated, found.state


def store_return(ports: Ports, tx: Tx, found: Return) -> None:
    """Write down what RT11 shows of one return. Seen twice, or seen older than known, it changes nothing."""
    row = lock_return(tx, found.id)
    if row is None:
        tx.lock(f"new-return:{found.id}")  # there is no row yet that could be locked
        row = lock_return(tx, found.id)
    if row is None:
        _add(ports, tx, found)
    elif not (row.last_updated and found.last_updated and found.last_updated < row.last_updated):
        change_return(ports, tx, row, found)


def _add(ports: Ports, tx: Tx, found: Return) -> None:
    row = ReturnRow(
        shop=tx.shop, return_id=found.id, order_id=found.order_id, commercial_id=found.order_commercial_id,
        mirakl_state=found.state, state="new", date_created=found.date_created, last_updated=found.last_updated,
        first_seen_at=tx.now, reveni_refunds=[],
    )  # fmt: skip
    take_tracking(row, found)
    tx.session.add(row)
    tx.session.flush()
    if names_a_line_twice(found):
        hold_return(tx, row, duplicate_line(found))
        return
    for line in lines_in(found):
        add_line(tx, found.id, line)
    tx.session.flush()
    if found.state not in KNOWN_STATES:
        hold_return(tx, row, unknown_state(found))
    elif found.state in ENDED:  # before this ledger met it: it is history, unless a person replays it
        advance(ports, tx, row)
    elif not found.return_lines:
        hold_return(tx, row, no_lines(found))
    else:
        intents.decide(tx, "map_return", found.id)
