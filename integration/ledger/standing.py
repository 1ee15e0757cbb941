"""Where a shop's ledger stands: how far it has come, and whether it may send what nobody may send twice."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection
from datetime import datetime
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from integration.domain.high_water import Mark
from integration.ledger.journal import note
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, JournalEntry, StandingRow

log = logging.getLogger(__name__)

NORMAL, RECOVERY = "normal", "recovery"
FIRST_LOOK = "first_look"
"""Why a ledger that never sent anything sends nothing yet: nobody has looked whether the shop has a history."""

COUNTED = ("push_refund", "create_return", "send_stock", "adjust_stock_master")
"""Kinds of intents whose call has its effect again each time: those that are withheld in recovery."""

IN_RECOVERY = "in_recovery"
"""Why they wait then."""


def standing(tx: Tx, *, lock: bool = False) -> StandingRow | None:
    """Where this shop's ledger stands; None for one that has never been looked at.

    :param lock: nobody writes such a call ahead until the end of the transaction.
    """
    query = select(StandingRow).filter_by(shop=tx.shop).execution_options(populate_existing=True)
    return tx.session.scalar(query.with_for_update() if lock else query)


def begin(tx: Tx) -> StandingRow:
    """Where the ledger stands, locked. One that has sent nothing yet begins with a first look at its shop.

    One that an older version kept has sent what its intents say.
    """
    known = standing(tx, lock=True)
    if known is not None:
        return known
    sends = tx.session.scalar(
        select(func.coalesce(func.sum(Intent.sends), 0)).where(Intent.shop == tx.shop, Intent.kind.in_(COUNTED))
    )
    row = StandingRow(
        shop=tx.shop, ledger_id=uuid.uuid4(), epoch=0, sends=sends or 0, since=tx.now,
        mode=NORMAL if sends else RECOVERY, reason=None if sends else FIRST_LOOK,
        detail=None if sends else "The ledger is new: the first poll of returns looks whether its shop has a history.",
    )  # fmt: skip
    try:
        with tx.session.begin_nested():
            tx.session.add(row)
    except IntegrityError:  # another transaction began it between our look and our insert
        row = begin(tx)
    return row


def mark_of(tx: Tx, row: StandingRow) -> Mark:
    """The mark that a ledger which stands there leaves."""
    return Mark(ledger_id=row.ledger_id, epoch=row.epoch, sends=row.sends, last_send=row.last_send, at=tx.now)


def count_sending(tx: Tx) -> Mark | None:
    """Count a call that is written ahead in this transaction: the mark to be left before its first byte leaves.

    None: the ledger is in recovery, and the call may not be made. The row is locked, so the count grows in the order of
    the commits, and nothing is counted while somebody begins or ends a recovery.
    """
    row = begin(tx)
    if row.mode != NORMAL:
        return None
    row.sends, row.last_send = row.sends + 1, uuid.uuid4()
    tx.session.flush()
    return mark_of(tx, row)


def enter_recovery(tx: Tx, row: StandingRow, *, reason: str, detail: str, mark: Mark | None) -> None:
    """Send nothing from here on that nobody may send twice, and say so once. The row is locked."""
    row.mode, row.reason, row.detail, row.since = RECOVERY, reason, detail, tx.now
    row.gap_from = tx.session.scalar(select(func.max(JournalEntry.at)).where(JournalEntry.shop == tx.shop))
    row.mark_seen = None if mark is None else mark.model_dump(mode="json")
    row.returns_read_at = row.verdicts_read_at = None
    _note(tx, row, state="held", reason=reason, evidence={"detail": detail, "mark": row.mark_seen})
    tx.after_commit.append(
        partial(log.error, "in recovery: %s", detail, extra={"alert": "recovery", "reason": reason}),
    )


def leave_recovery(tx: Tx, row: StandingRow, *, epoch: int, evidence: Facts | None = None) -> None:
    """Send again, and at once what waited for it. The row is locked.

    :param epoch: the ledger's from now on: above that of every mark which a person has decided against.
    :param evidence: what a person has decided, for the journal; None where nobody had to.
    """
    if evidence is not None:
        _note(tx, row, state="confirmed", reason="recovered", evidence=evidence)
    row.mode, row.reason, row.detail, row.epoch = NORMAL, None, None, epoch
    row.since, row.gap_from, row.mark_seen = tx.now, None, None
    for intent in tx.session.scalars(
        select(Intent).where(Intent.shop == tx.shop, Intent.state == "decided", Intent.reason == IN_RECOVERY)
    ):
        intent.due_at = tx.now
        tx.ring(intent.kind, intent.id, due_at=tx.now, urgent=intent.urgent)
    tx.session.flush()


def returns_were_read(tx: Tx, *, started: datetime) -> None:
    """A pass over all returns that changed (RT11) is over that began then."""
    row = begin(tx)
    if row.mode == RECOVERY and row.returns_read_at is None and started >= row.since:
        row.returns_read_at = tx.now


def verdicts_were_read(tx: Tx, *, started: datetime) -> None:
    """A pass over all verdicts that changed (W2) is over that began then."""
    row = begin(tx)
    if row.mode == RECOVERY and row.verdicts_read_at is None and started >= row.since:
        row.verdicts_read_at = tx.now


def in_flight(tx: Tx) -> list[Intent]:
    """Counted calls that were written ahead and whose outcome is not known yet."""
    sent = select(Intent).where(
        Intent.shop == tx.shop,
        Intent.kind.in_(COUNTED),
        Intent.state.in_(("claimed", "unknown")),
        Intent.sent_at.is_not(None),
    )
    return list(tx.session.scalars(sent.order_by(Intent.created_at)))


def open_of_kinds(tx: Tx, kinds: Collection[str], *, states: Collection[str]) -> list[Intent]:
    """Intents of these kinds in these states, oldest first."""
    query = select(Intent).where(Intent.shop == tx.shop, Intent.kind.in_(kinds), Intent.state.in_(states))
    return list(tx.session.scalars(query.order_by(Intent.created_at, Intent.id)))


def _note(tx: Tx, row: StandingRow, *, state: str, reason: str, evidence: Facts) -> None:
    """The recovery is an intent of its own that nobody carries out: it stands in the journal, with who ended it."""
    subject = f"{row.ledger_id} since {row.since:%Y-%m-%dT%H:%M:%S.%f}"
    known = tx.session.scalar(select(Intent).filter_by(shop=tx.shop, kind="recovery", subject=subject))
    before = None if known is None else known.state
    if known is None:
        known = Intent(
            id=uuid.uuid4(), shop=tx.shop, kind="recovery", subject=subject, state=state, plan={}, token=0, attempts=0,
            sends=0, absences=0, urgent=False, created_at=tx.now, due_at=tx.now,
        )  # fmt: skip
        tx.session.add(known)
    known.state, known.reason, known.settled_at = state, reason, tx.now
    tx.session.flush()
    note(tx, known, before, reason, evidence)
