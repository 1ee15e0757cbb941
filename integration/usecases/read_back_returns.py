"""Settle the unknown outcomes of RT21 to RT29 by RT11, which may be called once in five minutes by the whole fleet.

The poll shows each return that a call has changed. Whatever it does not show is asked for by its id, all that wait
together, in every second call at the most.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from integration.domain.pace import POLLS
from integration.ledger.readings import awaited, keep_readings, passed_over
from integration.ledger.store import Tx
from integration.ledger.tables import Facts
from integration.mirakl.calls import IDS_PER_CALL
from integration.mirakl.operations import RT11
from integration.mirakl.wire import Return
from integration.usecases.catalogue import ACTS
from integration.usecases.polling import poll_when_due
from integration.usecases.ports import Ports
from integration.usecases.return_steps import ReturnStep

KINDS: Final = tuple(kind for kind, act in ACTS.items() if isinstance(act, ReturnStep))

POLL: Final = "poll_returns"


def read_back_returns(ports: Ports) -> str | None:
    """Ask for all that wait and that the poll has passed over; None where nobody does, so that the call is the poll's.

    :raises Retryable: nothing was read.
    """
    with ports.ledger.read() as tx:
        ids = _passed_over(ports, tx)
    if not ids:
        return None
    told = poll_when_due(ports, "read_back_returns", RT11, lambda: _read(ports))
    return told if told.endswith("read back") else None


def note_page(ports: Ports, page: Sequence[Return], *, asked_at: datetime) -> None:
    """Keep what a page of the poll shows of those that wait."""
    with ports.ledger.read() as tx:
        waiting = awaited(tx, KINDS, [found.id for found in page])
    if waiting:
        with ports.ledger.write() as tx:
            keep_readings(
                tx, KINDS, {found.id: _body(found) for found in page if found.id in waiting}, asked_at=asked_at
            )


def _read(ports: Ports) -> str:
    with ports.ledger.read() as tx:
        asked_at, ids = tx.now, _passed_over(ports, tx)[:IDS_PER_CALL]
    found = {one.id: _body(one) for one in ports.mirakl.returns(ids)} if ids else {}
    with ports.ledger.write() as tx:
        keep_readings(tx, KINDS, {one: found.get(one) for one in ids}, asked_at=asked_at)
    return f"{len(ids)} read back"


def _passed_over(ports: Ports, tx: Tx) -> list[str]:
    waited = tx.now - timedelta(seconds=2 * ports.settings.scaled(POLLS[POLL].period))
    return passed_over(tx, KINDS, poll=POLL, waited=waited)


def _body(found: Return) -> Facts:
    """As far as steps look at it: no address, no tracking."""
    return found.model_dump(mode="json", include={"id", "order_id", "state", "return_lines"})
