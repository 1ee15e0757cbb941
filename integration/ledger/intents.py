"""Promises and their claims: the one place where an intent changes its state.

    decided ──claim──▶ claimed ──record──▶ confirmed
       ▲                 │  │  ╲
       │   never left ◀──┘  │   ▶ held ──(a person)──▶ decided | confirmed | dropped
       │                    ▼
       └──absent, read──  unknown ──found by reading──▶ confirmed

An expired claim becomes `unknown`, never `decided`: only reading the other side may say that nothing happened.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import IntegrityError

from integration.ledger.journal import SENDING, note
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent

OPEN = ("decided", "claimed", "unknown")
SETTLED = ("confirmed", "dropped")


class FenceLost(Exception):
    """Somebody else has claimed this intent since: the holder of the old token must stop and write nothing."""


class GroupInFlight(Exception):
    """Another intent of the same group is claimed or unknown: this one cannot be, too."""


def decide(
    tx: Tx,
    kind: str,
    subject: str,
    *,
    plan: Facts | None = None,
    group: str | None = None,
    due_at: datetime | None = None,
    urgent: bool = False,
) -> tuple[Intent, bool]:
    """Promise `kind` for `subject` once: the existing intent and False if it was promised before."""
    if (known := find(tx, kind, subject)) is not None:
        return known, False
    intent = Intent(
        id=uuid.uuid4(), shop=tx.shop, kind=kind, subject=subject, group_key=group, state="decided",
        plan=plan or {}, token=0, attempts=0, repeats={}, sends=0, absences=0, urgent=urgent,
        created_at=tx.now, due_at=due_at or tx.now, rung_at=tx.now,
    )  # fmt: skip
    try:
        with tx.session.begin_nested():
            tx.session.add(intent)
    except IntegrityError:  # another transaction promised it between our look and our insert
        known = find(tx, kind, subject)
        if known is None:
            raise
        return known, False
    note(tx, intent, None, None, plan or {})
    tx.ring(kind, intent.id, due_at=intent.due_at, urgent=urgent)
    return intent, True


def find(tx: Tx, kind: str, subject: str) -> Intent | None:
    """The intent of this kind for this subject, if it was ever promised."""
    return tx.session.scalar(select(Intent).filter_by(shop=tx.shop, kind=kind, subject=subject))


def get(tx: Tx, intent_id: uuid.UUID) -> Intent | None:
    """The intent with this id, in this shop."""
    return tx.session.scalar(select(Intent).filter_by(shop=tx.shop, id=intent_id))


def claim(tx: Tx, intent_id: uuid.UUID, *, lease: float) -> Intent | None:
    """Take a due intent for `lease` seconds: a conditional UPDATE whose row count decides.

    A decided intent becomes `claimed`. An unknown one stays `unknown` and is ours to read back. None: it is not due,
    somebody else has it, its group has another call in flight, or it is settled; there is nothing to do.
    """
    now = tx.now
    free = or_(Intent.lease_until.is_(None), Intent.lease_until < now)
    ours = and_(Intent.shop == tx.shop, Intent.id == intent_id, Intent.due_at <= now)
    taken = {
        "token": Intent.token + 1,
        "attempts": Intent.attempts + 1,
        "claimed_at": now,
        "lease_until": now + timedelta(seconds=lease),
    }
    try:
        with tx.session.begin_nested():
            decided = tx.session.execute(
                update(Intent).where(ours, Intent.state == "decided").values(state="claimed", sent_at=None, **taken)
            )
    except IntegrityError:  # the group's other call is in flight; `settle` rings for us when it is over
        return None
    if _rows(decided) == 1:
        intent = _fresh(tx, intent_id)
        note(tx, intent, "decided", None, {})
        return intent
    unknown = tx.session.execute(
        update(Intent)
        .where(ours, Intent.state == "unknown", free)
        .values(**{key: value for key, value in taken.items() if key != "claimed_at"})
    )
    return _fresh(tx, intent_id) if _rows(unknown) == 1 else None


def write_ahead(tx: Tx, intent: Intent, plan: Facts) -> None:
    """Record, under our token, what is about to be sent. Commit this before the first byte leaves.

    :raises FenceLost: when the claim is no longer ours.
    """
    _fenced(tx, intent, "claimed", plan=plan, sent_at=tx.now, sends=Intent.sends + 1, absences=0)
    intent.plan, intent.sends, intent.sent_at = plan, intent.sends + 1, tx.now
    note(tx, intent, "claimed", SENDING, plan)


def settle(
    tx: Tx,
    intent: Intent,
    state: str,
    *,
    reason: str | None = None,
    detail: str | None = None,
    due_at: datetime | None = None,
    absences: int | None = None,
    repeats: Facts | None = None,
    unsent: bool = False,
    evidence: Facts | None = None,
) -> None:
    """Move a claimed (or unknown) intent on, under our token, and ring for whoever waited for its group.

    :param repeats: how often each reason has sent it back by now; None leaves that as it is.
    :param unsent: what was written ahead has provably never left, so it does not count as a sending.

    :raises FenceLost: when the claim is no longer ours.
    """
    values: dict[str, Any] = {"state": state, "reason": reason, "detail": detail, "lease_until": None}
    values["due_at"] = due_at or tx.now
    values["settled_at"] = None if state in OPEN else tx.now
    if absences is not None:
        values["absences"] = absences
    if repeats is not None:
        values["repeats"] = repeats
    if unsent:
        values["sends"] = intent.sends - 1
    before = intent.state
    _fenced(tx, intent, before, **values)
    for name, value in values.items():
        setattr(intent, name, value)
    note(tx, intent, before, reason, evidence or {})
    if state in ("decided", "unknown"):
        _ring(tx, intent)
    if state != "unknown" and intent.group_key is not None:
        _ring_next_of_group(tx, intent)


def expire(tx: Tx, *, settling: float, reads_only: Sequence[str]) -> int:
    """Give up the claims whose lease is over: `unknown`, or, for kinds that only read, `decided` again."""
    expired = tx.session.scalars(
        select(Intent)
        .where(Intent.shop == tx.shop, Intent.state == "claimed", Intent.lease_until < tx.now)
        .with_for_update(skip_locked=True)
    ).all()
    for intent in expired:
        harmless = intent.kind in reads_only
        intent.state = "decided" if harmless else "unknown"
        intent.reason = None if harmless else "claim_expired"
        intent.due_at = tx.now if harmless else tx.now + timedelta(seconds=settling)
        intent.token += 1  # the old holder, should it wake up, has lost its fence
        intent.lease_until = None
        note(tx, intent, "claimed", "claim_expired", {})
    tx.session.flush()
    return len(expired)


def ring_due(tx: Tx, *, rering_after: float, limit: int = 2_000) -> int:
    """Ring for every open intent that is due and was not rung lately: what a lost bell cannot stop."""
    lately = tx.now - timedelta(seconds=rering_after)
    rows = tx.session.scalars(
        select(Intent)
        .where(
            Intent.shop == tx.shop,
            Intent.state.in_(("decided", "unknown")),
            Intent.due_at <= tx.now,
            or_(Intent.rung_at.is_(None), Intent.rung_at < lately, Intent.rung_at < Intent.due_at),
        )
        .order_by(Intent.urgent.desc(), Intent.due_at)
        .limit(limit)
        # Whoever holds a row is busy with it; waiting for two of them in another order would be a deadlock.
        .with_for_update(skip_locked=True)
    ).all()
    for intent in rows:
        _ring(tx, intent)
    return len(rows)


def reopen(
    tx: Tx,
    intent: Intent,
    *,
    reason: str,
    state: Literal["decided", "unknown"] = "decided",
    forget_sends: bool = False,
    plan: Facts | None = None,
    evidence: Facts | None = None,
) -> None:
    """A person has the intent go on: from the start, or, as `unknown`, with reading. Its fence grows.

    :param forget_sends: it is certain, or a person says so, that no sending so far had an effect.
    :param plan: what changes in it; None leaves it as it is.
    :raises GroupInFlight: it cannot be `unknown` now.
    """
    before, now = intent.state, tx.now
    try:
        with tx.session.begin_nested():
            intent.state, intent.reason, intent.detail = state, None, None
            intent.sends, intent.absences = (0 if forget_sends else intent.sends), 0
            intent.plan = intent.plan if plan is None else plan
            intent.repeats = {}  # a person has looked at it: whatever comes back now is counted from there
            intent.token += 1
            intent.due_at, intent.lease_until, intent.settled_at = now, None, None
    except IntegrityError:
        raise GroupInFlight(f"another call of {intent.group_key} is in flight") from None
    note(tx, intent, before, reason, evidence or {})
    tx.ring(intent.kind, intent.id, due_at=now, urgent=intent.urgent)  # not noted: who has no bell leaves it to a sweep


def close(tx: Tx, intent: Intent, state: str, *, reason: str, evidence: Facts | None = None) -> None:
    """Settle an intent that nobody has claimed: by a person's word, or since its cause is gone."""
    before = intent.state
    intent.state, intent.reason = state, reason
    intent.token += 1
    intent.lease_until, intent.settled_at = None, tx.now
    tx.session.flush()
    note(tx, intent, before, reason, evidence or {})


def make_urgent(tx: Tx, intent: Intent) -> None:
    """Let a waiting intent overtake the rest of its queue from its next ring on, which is now."""
    if not intent.urgent and intent.state == "decided":
        intent.urgent = True
        _ring(tx, intent)


def _fenced(tx: Tx, intent: Intent, from_state: str, **values: Any) -> None:
    result = tx.session.execute(
        update(Intent)
        .where(Intent.id == intent.id, Intent.token == intent.token, Intent.state == from_state)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if _rows(result) != 1:
        raise FenceLost(f"intent {intent.id} ({intent.kind}) has a newer claim than token {intent.token}")


def _fresh(tx: Tx, intent_id: uuid.UUID) -> Intent:
    intent = tx.session.get(Intent, intent_id, populate_existing=True)
    assert intent is not None  # noqa: S101 - the row was updated a moment ago in this transaction
    tx.session.expunge(intent)
    return intent


def _ring(tx: Tx, intent: Intent) -> None:
    tx.session.execute(
        update(Intent)
        .where(Intent.id == intent.id)
        .values(rung_at=tx.now, urgent=intent.urgent)
        .execution_options(synchronize_session=False)
    )
    tx.ring(intent.kind, intent.id, due_at=intent.due_at, urgent=intent.urgent)


def _ring_next_of_group(tx: Tx, intent: Intent) -> None:
    waiting = tx.session.scalar(
        select(Intent)
        .filter_by(shop=tx.shop, group_key=intent.group_key, state="decided")
        .where(Intent.due_at <= tx.now, Intent.id != intent.id)
        .order_by(Intent.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)  # whoever claims it at this moment waits for us, so we must not for them
    )
    if waiting is not None:
        _ring(tx, waiting)


def _rows(result: Any) -> int:
    return int(result.rowcount)
