"""Many intents in one statement each: the same transitions as in `intents`, for acts that go in batches."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select, tuple_, update

from integration.ledger.journal import Transition, note_all
from integration.ledger.store import Tx, insert_or_leave
from integration.ledger.tables import Facts, Intent


def decide_all(tx: Tx, kind: str, plans: Mapping[str, Facts]) -> set[str]:
    """Promise `kind` for each of these subjects once; those that were not promised before.

    :param plans: by subject. Kinds that are sealed or urgent, or have a group, are decided one by one.
    """
    promised = {
        subject: Intent(
            id=uuid.uuid4(), shop=tx.shop, kind=kind, subject=subject, group_key=None, state="decided", plan=plan,
            token=0, attempts=0, sends=0, absences=0, urgent=False, created_at=tx.now, due_at=tx.now, rung_at=tx.now,
        )
        for subject, plan in sorted(plans.items())
    }  # fmt: skip
    if not promised:
        return set()
    columns = [column.key for column in Intent.__table__.columns]
    rows = [{column: getattr(intent, column) for column in columns} for intent in promised.values()]
    new = set(tx.session.scalars(insert_or_leave(tx, Intent).returning(Intent.subject), rows))
    intents = [intent for subject, intent in promised.items() if subject in new]
    note_all(tx, [Transition(intent, None, "decided", None, intent.plan) for intent in intents])
    for intent in intents:
        tx.ring(kind, intent.id, due_at=intent.due_at)
    return new


def claim_all(tx: Tx, intent_ids: Sequence[uuid.UUID], *, lease: float) -> list[Intent]:
    """Claim those that are decided and due, and write their plans ahead, since nothing is read before they are sent.

    Each is ours by the row that the UPDATE gives back, as with `intents.claim`.
    """
    claimed = list(
        tx.session.scalars(
            update(Intent)
            .where(
                Intent.shop == tx.shop,
                Intent.id.in_(intent_ids),
                Intent.state == "decided",
                Intent.due_at <= tx.now,
                Intent.group_key.is_(None),
            )
            .values(
                state="claimed",
                token=Intent.token + 1,
                attempts=Intent.attempts + 1,
                sends=Intent.sends + 1,
                absences=0,
                claimed_at=tx.now,
                sent_at=tx.now,
                lease_until=tx.now + timedelta(seconds=lease),
            )
            .returning(Intent)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
    )
    for intent in claimed:
        tx.session.expunge(intent)
    note_all(tx, [Transition(intent, "decided", "claimed", "sending", intent.plan) for intent in claimed])
    return claimed


def still_due(tx: Tx, intent_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Those of them for which something can be done now."""
    return set(
        tx.session.scalars(
            select(Intent.id).where(
                Intent.shop == tx.shop,
                Intent.id.in_(intent_ids),
                Intent.state.in_(("decided", "unknown")),
                Intent.due_at <= tx.now,
            )
        )
    )


def unsent_of_kind(tx: Tx, kind: str, *, first: Sequence[uuid.UUID], limit: int) -> list[uuid.UUID]:
    """What is decided, due and was never sent, the oldest first behind those named in `first`.

    The rows stay locked until the end of the transaction, and those that another transaction has locked are left out.
    """
    return list(
        tx.session.scalars(
            select(Intent.id)
            .filter_by(shop=tx.shop, kind=kind, state="decided", sends=0)
            .where(Intent.due_at <= tx.now)
            .order_by(Intent.id.in_(first).desc(), Intent.due_at, Intent.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )


def urgent_of_kind(tx: Tx, kind: str, *, limit: int) -> list[uuid.UUID]:
    """What is urgent, decided and due, nearest first."""
    return list(
        tx.session.scalars(
            select(Intent.id)
            .filter_by(shop=tx.shop, kind=kind, state="decided", urgent=True)
            .where(Intent.due_at <= tx.now)
            .order_by(Intent.due_at, Intent.id)
            .limit(limit)
        )
    )


def confirm_all(tx: Tx, answered: Sequence[tuple[Intent, Facts]]) -> set[uuid.UUID]:
    """Confirm claimed intents, each under its own token; the ids of those whose claim was still ours."""
    held = [(intent.id, intent.token) for intent, _ in answered]
    confirmed = set(
        tx.session.scalars(
            update(Intent)
            .where(tuple_(Intent.id, Intent.token).in_(held), Intent.state == "claimed")
            .values(state="confirmed", reason=None, detail=None, lease_until=None, settled_at=tx.now, due_at=tx.now)
            .returning(Intent.id)
            .execution_options(synchronize_session=False)
        )
    )
    settled = [(intent, facts) for intent, facts in answered if intent.id in confirmed]
    note_all(tx, [Transition(intent, "claimed", "confirmed", None, facts) for intent, facts in settled])
    return confirmed
