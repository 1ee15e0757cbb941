"""Many intents in one statement each: the same transitions as in `intents`, for acts that go in batches."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, tuple_, update

from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, JournalEntry


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
    _journal(tx, [(intent, "decided", "claimed", "sending", intent.plan) for intent in claimed])
    return claimed


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
    rows = [(intent, "claimed", "confirmed", None, facts) for intent, facts in answered if intent.id in confirmed]
    _journal(tx, rows)
    return confirmed


def _journal(tx: Tx, rows: Sequence[tuple[Intent, str, str, str | None, Facts]]) -> None:
    if not rows:
        return
    entries: list[dict[str, Any]] = [
        {
            "shop": tx.shop,
            "intent_id": intent.id,
            "at": tx.now,
            "who": tx.who,
            "token": intent.token,
            "from_state": before,
            "to_state": after,
            "reason": reason,
            "evidence": evidence,
        }
        for intent, before, after, reason, evidence in rows
    ]
    tx.session.execute(insert(JournalEntry), entries)
