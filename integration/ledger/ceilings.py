"""Mirakl's published call frequencies, kept by the whole fleet: the ledger counts, so no restart forgets."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select

from integration.errors import Retryable
from integration.http import Operation
from integration.ledger.store import Ledger, Tx
from integration.ledger.tables import CallRow, CeilingRow
from integration.ledger.upsert import put

ARRIVAL_JITTER = 0.05
"""Seconds by which a call may arrive earlier, relative to the one before it, than the two clocks say."""


class FleetGate:
    """Admits the calls that count, in the order in which they ask. Implements `integration.http.Gate`.

    :param scale: multiplies the published windows (`CALL_INTERVAL_SCALE`).
    :param longest_call: seconds that a call may be on its way; until it has arrived, its window has not begun.
    """

    def __init__(self, ledger: Ledger, *, scale: float, longest_call: float = 0.0) -> None:
        self._ledger = ledger
        self._scale = scale
        self._longest_call = timedelta(seconds=longest_call)

    def admit(self, operation: Operation) -> None:
        """Count one call of this operation.

        :raises Retryable: when the ceiling is closed, with the seconds until it opens; nothing is counted then.
        """
        if not operation.ceilings:
            return
        with self._ledger.write() as tx:
            tx.lock(f"ceiling:{operation.code}")
            opens = self.opens_at(tx, operation)
            if opens is None:
                # Should this process die on the way, the call has arrived by then, or never will.
                latest = tx.now + self._longest_call
                tx.session.add(CallRow(shop=tx.shop, operation=operation.code, at=latest))
                self._forget(tx, operation)
                return
            wait = (opens - tx.now).total_seconds()
        raise Retryable(f"{operation.code} is at its published ceiling for {wait:.1f} s", retry_after=wait)

    def arrived(self, operation: Operation) -> None:
        """Let the last call's window begin now, when its answer is there.

        Mirakl counts arrivals: a call that was long on its way would otherwise be too close to the next one.
        """
        if not operation.ceilings:
            return
        with self._ledger.write() as tx:
            last = tx.session.scalar(
                select(CallRow)
                .filter_by(shop=tx.shop, operation=operation.code)
                .order_by(CallRow.at.desc(), CallRow.id.desc())
                .limit(1)
            )
            if last is not None:
                last.at = tx.now

    def opens_in(self, operation: Operation) -> float:
        """Seconds until one more call would be admitted; 0.0 when now."""
        with self._ledger.read() as tx:
            opens = self.opens_at(tx, operation)
            return 0.0 if opens is None else max(0.0, (opens - tx.now).total_seconds())

    def close(self, operation: Operation, seconds: float) -> None:
        """Keep the operation closed for the whole fleet: a 429 said so. Of several, the longest counts."""
        if not operation.ceilings:
            return
        with self._ledger.write() as tx:
            tx.lock(f"ceiling:{operation.code}")
            until = tx.now + timedelta(seconds=seconds)
            longer = or_(CeilingRow.closed_until.is_(None), CeilingRow.closed_until < until)
            put(tx, CeilingRow, operation=operation.code, closed_until=until, where=longer)

    def _window(self, seconds: int) -> timedelta:
        return timedelta(seconds=seconds * self._scale + ARRIVAL_JITTER)

    def opens_at(self, tx: Tx, operation: Operation) -> datetime | None:
        """When the next call may be made, or None for now."""
        opens: list[datetime] = []
        row = tx.session.get(CeilingRow, (tx.shop, operation.code))
        if row is not None and row.closed_until is not None:
            opens.append(row.closed_until)
        for ceiling in operation.ceilings:
            # The call that must have left the window before one more fits in.
            blocking = tx.session.scalar(
                select(CallRow.at)
                .filter_by(shop=tx.shop, operation=operation.code)
                .order_by(CallRow.at.desc())
                .offset(ceiling.calls - 1)
                .limit(1)
            )
            if blocking is not None:
                opens.append(blocking + self._window(ceiling.seconds))
        latest = max(opens, default=None)
        return None if latest is None or latest <= tx.now else latest

    def _forget(self, tx: Tx, operation: Operation) -> None:
        longest = math.ceil(max(ceiling.seconds for ceiling in operation.ceilings) * max(1.0, self._scale))
        tx.session.execute(
            delete(CallRow).where(
                CallRow.shop == tx.shop,
                CallRow.operation == operation.code,
                CallRow.at < tx.now - timedelta(seconds=longest + 60),
            )
        )
