"""Mirakl's published call frequencies, kept by the whole fleet: the ledger counts, so no restart forgets.

Whatever a 429 asks for is kept here as well, for every operation and every process.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from integration.answers import LONGEST_PAUSE
from integration.errors import Retryable
from integration.http import Operation
from integration.ledger.standings import Standings
from integration.ledger.store import Ledger, Tx
from integration.ledger.tables import CallRow, CeilingRow, OrderRow

ARRIVAL_JITTER = 0.05
"""Seconds by which a call may arrive earlier, relative to the one before it, than the two clocks say."""

FIRST_PAUSE = 1.0
"""Seconds after a 429, at the least; doubled with each that follows when the pause is over. Of the fleet's pace."""

FOR_ACCEPTANCE = frozenset({"OR11", "OR21"})
"""Operations without which no order is accepted."""

BEFORE_DEADLINE = 60.0
"""Seconds before the first order's time is over in which it is tried again, whatever pause was asked for."""


class FleetGate:
    """Admits calls, those that count in the order in which they ask. Implements `integration.http.Gate`.

    :param scale: multiplies the published windows (`CALL_INTERVAL_SCALE`).
    :param longest_call: seconds that a call may be on its way; until it has arrived, its window has not begun.
    """

    def __init__(self, ledger: Ledger, *, scale: float, longest_call: float = 0.0) -> None:
        self._ledger = ledger
        self._scale = scale
        self._longest_call = timedelta(seconds=longest_call)
        self._standings = Standings(ledger, scale=scale)

    def admit(self, operation: Operation, *, counted: bool = True) -> None:
        """Let one call of this operation pass, and count it where it counts.

        :raises Retryable: when it is closed, with the seconds until it opens; nothing is counted then.
        """
        paused = self._standings.closed_for(operation)
        if paused > 0.0:
            raise Retryable(f"{operation.code} is paused for {paused:.1f} s: too many calls", retry_after=paused)
        if not counted or not operation.ceilings:
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

    def answered(self, operation: Operation, system: str, status: int | None) -> None:
        """Note what a call came to, where it says something new of the operation."""
        self._standings.answered(operation, system, status)

    def opens_in(self, operation: Operation) -> float:
        """Seconds until one more call would be admitted; 0.0 when now."""
        with self._ledger.read() as tx:
            opens = self.opens_at(tx, operation)
            return 0.0 if opens is None else max(0.0, (opens - tx.now).total_seconds())

    def close(self, operation: Operation, seconds: float) -> float:
        """Keep the operation closed for the whole fleet: a 429 said so. Of several, the longest counts.

        :param seconds: what was asked for; it is obeyed between a minimum that grows and `LONGEST_PAUSE`, and not past
            the last minute of an order that waits to be accepted.
        :returns: the seconds for which it is closed.
        """
        with self._ledger.write() as tx:
            tx.lock(f"ceiling:{operation.code}")
            row = tx.session.get(CeilingRow, (tx.shop, operation.code))
            if row is None:
                row = CeilingRow(shop=tx.shop, operation=operation.code, closings=0)
                tx.session.add(row)
            closed = _in_force(row.closed_until, tx.now)
            if closed is None:  # of many calls that were on their way at once, the first
                row.closings += 1
            least = self._scale * min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(row.closings - 1, 30))
            until = tx.now + timedelta(seconds=max(least, min(seconds, LONGEST_PAUSE)))
            if operation.code in FOR_ACCEPTANCE:
                until = max(tx.now + timedelta(seconds=least), min(until, self._last_minute(tx)))
            row.closed_until = until if closed is None else max(closed, until)
            pause = (row.closed_until - tx.now).total_seconds()
        self._standings.forget()
        return pause

    def opens_at(self, tx: Tx, operation: Operation) -> datetime | None:
        """When the next call may be made, or None for now."""
        opens: list[datetime] = []
        row = tx.session.get(CeilingRow, (tx.shop, operation.code))
        if row is not None and (closed := _in_force(row.closed_until, tx.now)) is not None:
            opens.append(closed)
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

    def _window(self, seconds: int) -> timedelta:
        return timedelta(seconds=seconds * self._scale + ARRIVAL_JITTER)

    def _last_minute(self, tx: Tx) -> datetime:
        """When the first of the orders that wait, and whose time is not over, is tried again in any case."""
        deadline = tx.session.scalar(
            select(func.min(OrderRow.deadline)).where(
                OrderRow.shop == tx.shop, OrderRow.state == "waiting", OrderRow.deadline > tx.now
            )
        )
        before = timedelta(seconds=self._scale * BEFORE_DEADLINE)
        return tx.now + timedelta(seconds=LONGEST_PAUSE) if deadline is None else deadline - before

    def _forget(self, tx: Tx, operation: Operation) -> None:
        longest = math.ceil(max(ceiling.seconds for ceiling in operation.ceilings) * max(1.0, self._scale))
        tx.session.execute(
            delete(CallRow).where(
                CallRow.shop == tx.shop,
                CallRow.operation == operation.code,
                CallRow.at < tx.now - timedelta(seconds=longest + 60),
            )
        )


def _in_force(until: datetime | None, now: datetime) -> datetime | None:
    """A pause that is over, or longer than any of ours (the clock was set back), is none."""
    return until if until is not None and now < until <= now + timedelta(seconds=LONGEST_PAUSE) else None
