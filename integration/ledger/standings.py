"""How each operation stands for the whole fleet: closed by a 429, refused to our key, or failing for long.

Looked at before every call, so the ledger is asked once a second by each process, whatever the number of its calls.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import monotonic

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError

from integration.answers import LONGEST_PAUSE
from integration.errors import Retryable
from integration.http import Operation
from integration.ledger.store import Ledger, Tx
from integration.ledger.tables import CeilingRow

log = logging.getLogger(__name__)

LOOKS_AGAIN = 1.0
"""Seconds that a process goes by what it has read: for so long it may call what another has been told not to."""

FAILING_AFTER = 600.0
"""Seconds without one trustworthy answer after which an operation is told to be failing; of the fleet's pace."""

SETTLES = 10.0
"""Seconds in which a process writes down at most once that an operation fails, or does so no more."""


@dataclass(frozen=True)
class Standing:
    """One operation, as it stood when the ledger was read.

    :param closed_for: seconds from then on.
    """

    closed_for: float = 0.0
    closings: int = 0
    refused: bool = False
    failing: bool = False
    failing_for: float = 0.0
    told: bool = False


QUIET = Standing()


class Standings:
    """Safe to share between threads.

    :param scale: `CALL_INTERVAL_SCALE`.
    """

    def __init__(self, ledger: Ledger, *, scale: float) -> None:
        self._ledger, self._scale = ledger, scale
        self._lock = Lock()
        self._known: Mapping[str, Standing] = {}
        self._read_at: float | None = None
        self._noted: dict[str, float] = {}

    def closed_for(self, operation: Operation) -> float:
        """Seconds for which no call of the operation is to be made; 0.0 where it is open."""
        standings, read_at = self._latest()
        closed = standings.get(operation.code, QUIET).closed_for
        return max(0.0, closed - (monotonic() - read_at)) if closed > 0.0 else 0.0

    def forget(self) -> None:
        """The ledger knows better: have it read before the next call."""
        self._read_at = None

    def answered(self, operation: Operation, system: str, status: int | None) -> None:
        """Write down what is new: that the key is refused, that no answer comes, or that all is well again."""
        known = self._known.get(operation.code, QUIET)
        if status is None or status >= 500:
            if not known.failing or (not known.told and known.failing_for > self._scale * FAILING_AFTER):
                self._note_seldom(operation, system, status)
        elif status in (401, 403):
            if not known.refused and not (operation.needs_role and status == 403):
                self._note(operation, system, status)
        elif status != 429 and (known.refused or known.closings):
            self._note(operation, system, status)
        elif status != 429 and known.failing:
            self._note_seldom(operation, system, status)

    def _latest(self) -> tuple[Mapping[str, Standing], float]:
        read_at = self._read_at
        if read_at is not None and monotonic() - read_at < LOOKS_AGAIN:
            return self._known, read_at
        with self._lock:
            read_at = self._read_at
            if read_at is None or monotonic() - read_at >= LOOKS_AGAIN:
                began = monotonic()
                try:
                    with self._ledger.read() as tx:
                        self._known = _standings(tx)
                except SQLAlchemyError as failure:
                    raise Retryable(f"the ledger does not tell what is paused: {type(failure).__name__}") from failure
                self._read_at = read_at = began
            return self._known, read_at

    def _note_seldom(self, operation: Operation, system: str, status: int | None) -> None:
        last = self._noted.get(operation.code)
        if last is None or monotonic() - last >= SETTLES * self._scale:
            self._noted[operation.code] = monotonic()
            self._note(operation, system, status)

    def _note(self, operation: Operation, system: str, status: int | None) -> None:
        with self._ledger.write() as tx:
            tx.lock(f"ceiling:{operation.code}")
            row = tx.session.get(CeilingRow, (tx.shop, operation.code), populate_existing=True)
            if row is None:
                row = CeilingRow(shop=tx.shop, operation=operation.code, closings=0)
                tx.session.add(row)
            row.system = system
            if status is None or status >= 500:
                self._fails(tx, row, status)
            elif status in (401, 403):
                _refused(tx, row, status)
            else:
                _well_again(tx, row)
        self.forget()

    def _fails(self, tx: Tx, row: CeilingRow, status: int | None) -> None:
        if row.failing_since is None:
            row.failing_since = tx.now
        seconds = (tx.now - row.failing_since).total_seconds()
        if row.failing_told is not None or seconds <= self._scale * FAILING_AFTER:
            return
        row.failing_told = tx.now
        sentence = "%s of %s has not answered since %s (last: %s): look at its status page, then at our network"
        facts = (row.operation, row.system, _minute(row.failing_since), status or "no answer")
        tx.after_commit.append(lambda: log.error(sentence, *facts, extra={"alert": "calls_failing"}))


def paused_operations(tx: Tx) -> list[CeilingRow]:
    """Those that are refused to us, or fail for so long that it was told: for people and figures."""
    told = or_(CeilingRow.refused_since.is_not(None), CeilingRow.failing_told.is_not(None))
    return list(
        tx.session.scalars(select(CeilingRow).where(CeilingRow.shop == tx.shop, told).order_by(CeilingRow.operation))
    )


def _refused(tx: Tx, row: CeilingRow, status: int) -> None:
    """Told once for each episode: for a key (401) once, whatever it opens, for a role (403) once for each call."""
    if row.refused_since is not None:
        return
    others = [other for other in paused_operations(tx) if other.system == row.system and other.refused_status == 401]
    row.refused_since, row.refused_status = tx.now, status
    told = status == 401 and bool(others)
    operation, system = row.operation, row.system
    sentence = "credentials refused: %s answers %s with %d: give the key back, or its role, and `backhaul check`"
    extra = {} if told else {"alert": "credentials_refused", "reason": f"{system} {status}"}
    tx.after_commit.append(
        lambda: log.log(logging.WARNING if told else logging.ERROR, sentence, system, operation, status, extra=extra)
    )


def _well_again(tx: Tx, row: CeilingRow) -> None:
    if row.refused_since is not None or row.failing_told is not None:
        since = row.refused_since or row.failing_since or tx.now
        operation, system = row.operation, row.system
        tx.after_commit.append(
            lambda: log.info("%s of %s answers again, for the first time since %s", operation, system, _minute(since))
        )
    row.refused_since = row.refused_status = row.failing_since = row.failing_told = None
    row.closings = 0


def _standings(tx: Tx) -> dict[str, Standing]:
    rows = tx.session.scalars(select(CeilingRow).where(CeilingRow.shop == tx.shop)).all()
    return {row.operation: _standing(tx, row) for row in rows}


def _standing(tx: Tx, row: CeilingRow) -> Standing:
    def seconds_since(moment: datetime | None) -> float:
        return 0.0 if moment is None else (tx.now - moment).total_seconds()

    closed = -seconds_since(row.closed_until)
    return Standing(
        closed_for=closed if 0.0 < closed <= LONGEST_PAUSE else 0.0,
        closings=row.closings,
        refused=row.refused_since is not None,
        failing=row.failing_since is not None,
        failing_for=seconds_since(row.failing_since),
        told=row.failing_told is not None,
    )


def _minute(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")
