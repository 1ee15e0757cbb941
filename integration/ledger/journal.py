"""The journal: each transition of an intent, with who, when and the evidence. It is only ever added to.

What happens to a refund is sealed besides, into a chain of hashes for each shop (`integration.domain.evidence_chain`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select

from integration.domain.evidence_chain import Head, Seal
from integration.ledger.store import Tx
from integration.ledger.tables import ChainHeadRow, Facts, Intent, JournalEntry

SEALED_KINDS = frozenset({"push_refund"})
"""Where money goes back. Other kinds are not made to wait for one another."""

SENDING = "sending"
"""The reason of the entry that is committed before the first byte leaves."""

TOO_MANY_CALLS, CREDENTIALS_REFUSED = "too_many_calls", "credentials_refused"
"""Why a call is made again that was answered with 429, or with 401 or 403: that it did nothing is taken on trust."""

SENT_AGAIN = "sent_again_by_hand"
"""Why a call is made again of which a person says that it had no effect: as far as they can see."""

PAGE = 500
"""Entries that are held in memory at once where a whole chain is read."""


class Transition(NamedTuple):
    """An intent that comes from the state `before` (None: it is new) to the state `after`."""

    intent: Intent
    before: str | None
    after: str
    reason: str | None
    evidence: Facts


def note(tx: Tx, intent: Intent, before: str | None, reason: str | None, evidence: Facts) -> None:
    """Write down that an intent has come from `before` to its state, in this transaction."""
    transition = Transition(intent, before, intent.state, reason or intent.reason, evidence)
    entry = JournalEntry(**_columns(tx, transition))
    if intent.kind in SEALED_KINDS:
        # The chain is locked from the first seal to the commit. To seal last is to hold it for the commit alone, and to
        # wait for no other lock with it in hand, which would be a deadlock.
        tx.before_commit.append(partial(_append_sealed, tx, entry))
    else:
        tx.session.add(entry)


def note_all(tx: Tx, transitions: Sequence[Transition]) -> None:
    """Write many down in one statement, of kinds that are not sealed."""
    if transitions:
        tx.session.execute(insert(JournalEntry), [_columns(tx, one) for one in transitions])


def journal_of(tx: Tx, intent_id: uuid.UUID) -> list[JournalEntry]:
    """All that happened to an intent, oldest first."""
    return list(
        tx.session.scalars(select(JournalEntry).filter_by(shop=tx.shop, intent_id=intent_id).order_by(JournalEntry.id))
    )


def unsent_on_trust(tx: Tx, intent_id: uuid.UUID) -> bool:
    """Whether the last sending counts as one that had no effect, and nothing but somebody's word says so.

    The other side turned it away with a status, once bytes had left; or a person took it back.
    """
    since = _since_last_sending(tx, intent_id)
    return _turned_away(since) or SENT_AGAIN in since


def turned_away(tx: Tx, intent_id: uuid.UUID) -> bool:
    """Whether the last sending was turned away with a status, once bytes had left, and no person has spoken since."""
    since = _since_last_sending(tx, intent_id)
    return _turned_away(since) and SENT_AGAIN not in since


def _since_last_sending(tx: Tx, intent_id: uuid.UUID) -> list[str | None]:
    reasons = [entry.reason for entry in journal_of(tx, intent_id)]
    return reasons[len(reasons) - reasons[::-1].index(SENDING) :] if SENDING in reasons else []


def _turned_away(since: Sequence[str | None]) -> bool:
    return since[:1] in ([TOO_MANY_CALLS], [CREDENTIALS_REFUSED])


def chain_head(tx: Tx) -> Head:
    """How far the shop's chain should reach, as the last writer noted it."""
    row = tx.session.get(ChainHeadRow, tx.shop)
    return Head() if row is None else Head(row.length, row.hash)


def sealed_entries(tx: Tx, *, first: int = 1, last: int | None = None) -> Iterator[JournalEntry]:
    """The chain's entries from number `first` to `last`, in the chain's order, a page at a time."""
    query = select(JournalEntry).where(JournalEntry.shop == tx.shop).order_by(JournalEntry.link).limit(PAGE)
    if last is not None:
        query = query.where(JournalEntry.link <= last)
    while page := tx.session.scalars(query.where(JournalEntry.link >= first)).all():
        yield from page
        first = (page[-1].link or 0) + 1


def entries_without_seal(tx: Tx, intent_id: uuid.UUID | None = None) -> tuple[int, int]:
    """How many entries that should be sealed are not: those from before there was a chain, and those since.

    The second number is zero, unless somebody took a seal away or slipped an entry in. Of one intent, or of all.
    """
    first = select(func.min(JournalEntry.id)).where(JournalEntry.shop == tx.shop, JournalEntry.link.is_not(None))
    unsealed = (
        select(func.count())
        .select_from(JournalEntry)
        .join(Intent, Intent.id == JournalEntry.intent_id)
        .where(JournalEntry.shop == tx.shop, JournalEntry.link.is_(None), Intent.kind.in_(SEALED_KINDS))
    )
    if intent_id is not None:
        unsealed = unsealed.where(JournalEntry.intent_id == intent_id)
    since = tx.session.scalar(unsealed.where(JournalEntry.id > first.scalar_subquery())) or 0
    return (tx.session.scalar(unsealed) or 0) - since, since


def seal_of(entry: JournalEntry) -> Seal:
    """The seal that an entry of the chain carries."""
    return Seal(entry.link or 0, entry.previous_hash or "", entry.hash or "")


def content_of(entry: JournalEntry) -> Facts:
    """What of an entry is sealed: all that it says, in plain JSON."""
    return {
        "shop": entry.shop,
        "intent_id": str(entry.intent_id),
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "who": entry.who,
        "token": entry.token,
        "from_state": entry.from_state,
        "to_state": entry.to_state,
        "reason": entry.reason,
        "evidence": entry.evidence,
    }


def _append_sealed(tx: Tx, entry: JournalEntry) -> None:
    tx.session.flush()  # whatever else this transaction locks, it locks before the chain
    tx.lock("evidence-chain")
    head = tx.session.get(ChainHeadRow, tx.shop)
    if head is None:
        head = ChainHeadRow(shop=tx.shop, length=Head().length, hash=Head().hash)
        tx.session.add(head)
    seal = Head(head.length, head.hash).sealed(content_of(entry))
    entry.link, entry.previous_hash, entry.hash = seal
    head.length, head.hash = seal.number, seal.hash
    tx.session.add(entry)


def _columns(tx: Tx, transition: Transition) -> dict[str, Any]:
    intent, before, after, reason, evidence = transition
    return {
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
