"""Promises to claim and settle, in as few words as a test can bear."""

from __future__ import annotations

import uuid
from datetime import timedelta

from integration.ledger import intents
from integration.ledger.journal import journal_of
from integration.ledger.store import Ledger
from integration.ledger.tables import Intent, JournalEntry


def promise(ledger: Ledger, subject: str = "R-1", *, kind: str = "push_refund", group: str | None = None) -> uuid.UUID:
    with ledger.write() as tx:
        return intents.decide(tx, kind, subject, group=group, plan={"subject": subject})[0].id


def claim(ledger: Ledger, intent_id: uuid.UUID, *, lease: float = 60) -> Intent | None:
    with ledger.write() as tx:
        return intents.claim(tx, intent_id, lease=lease)


def claimed(ledger: Ledger, intent_id: uuid.UUID, *, lease: float = 60) -> Intent:
    """Where the claim must succeed."""
    intent = claim(ledger, intent_id, lease=lease)
    assert intent is not None
    return intent


def settle(ledger: Ledger, intent: Intent, state: str, *, reason: str | None = None, in_seconds: float = 0) -> None:
    with ledger.write() as tx:
        intents.settle(tx, intent, state, reason=reason, due_at=tx.now + timedelta(seconds=in_seconds))


def now_stands(ledger: Ledger, intent_id: uuid.UUID) -> Intent:
    with ledger.read() as tx:
        intent = intents.get(tx, intent_id)
        assert intent is not None
        return intent


def journal(ledger: Ledger, intent_id: uuid.UUID) -> list[JournalEntry]:
    with ledger.read() as tx:
        return journal_of(tx, intent_id)


def expire(ledger: Ledger, *, settling: float = 60, reads_only: tuple[str, ...] = ()) -> int:
    with ledger.write() as tx:
        return intents.expire(tx, settling=settling, reads_only=reads_only)
