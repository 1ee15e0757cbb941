"""Hold refunds against their evidence: the amount against the figures, the evidence against its chain of hashes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from integration.domain.evidence_chain import Head
from integration.domain.refund_audit import Recorded, contradictions
from integration.domain.refunds import Answered, Calculation
from integration.ledger.journal import (
    chain_head,
    content_of,
    entries_without_seal,
    journal_of,
    seal_of,
    sealed_entries,
)
from integration.ledger.refunds import Refund
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, JournalEntry
from integration.usecases.refusal import Refused


@dataclass(frozen=True)
class Verification:
    """What became of verifying one refund. `entries`: how many pieces of evidence there are of it."""

    entries: int
    problems: tuple[str, ...]

    @property
    def verified(self) -> bool:
        """Everything agrees."""
        return not self.problems


@dataclass(frozen=True)
class BrokenLink:
    """The first entry of a chain that is not what was sealed there. Without ids where the entry itself is gone."""

    number: int
    refund_id: uuid.UUID | None
    at: datetime | None
    problem: str


@dataclass(frozen=True)
class ChainReport:
    """How far a chain holds. `older`: entries from before there was a chain, which no seal covers."""

    head: Head
    older: int
    broken: BrokenLink | None


def verify_refund(tx: Tx, refund: Refund) -> Verification:
    """Work the refund out again from its evidence alone, and look whether its evidence is still in the chain.

    :raises Refused: others made it, so there is no evidence of ours.
    """
    if refund.intent is None:
        raise Refused(f"Refund {refund.row.id} was made by others on Mirakl: there is no evidence of ours to verify.")
    journal = journal_of(tx, refund.intent.id)
    return Verification(len(journal), (*_figures(refund, refund.intent, journal), *_seals(tx, refund.intent, journal)))


def verify_chain(tx: Tx, *, walked: Callable[[int], None]) -> ChainReport:
    """Walk the shop's whole chain, from its first entry to its head, up to the first entry that breaks it.

    :param walked: told after each entry how many have been looked at.
    """
    older, slipped_in = entries_without_seal(tx)
    promised, head = chain_head(tx), Head()
    for entry in sealed_entries(tx, last=promised.length):
        problem = head.broken_by(seal_of(entry), content_of(entry))
        if problem is not None:
            missing = entry.link != head.length + 1
            refund_id, at = (None, None) if missing else (entry.intent_id, entry.at)
            return ChainReport(head, older, BrokenLink(head.length + 1, refund_id, at, problem))
        head = Head(head.length + 1, seal_of(entry).hash)
        walked(head.length)
    problem = _not_at_its_head(head, promised, slipped_in)
    return ChainReport(head, older, None if problem is None else BrokenLink(head.length + 1, None, None, problem))


def _not_at_its_head(head: Head, promised: Head, slipped_in: int) -> str | None:
    if head.length < promised.length:
        return f"the chain ends with entry {head.length}, but {promised.length} were sealed"
    if head.hash != promised.hash:
        return f"entry {head.length} is not the one that was sealed last"
    return f"{slipped_in} entries without a seal were slipped in" if slipped_in else None


def _figures(refund: Refund, intent: Intent, journal: list[JournalEntry]) -> list[str]:
    problems = _by_hand(refund, journal)
    if journal and journal[-1].to_state != intent.state:
        problems.append(f"the ledger says {intent.state}, the evidence ends with {journal[-1].to_state}")
    worked_out = _last(journal, "calculation")
    if worked_out is None:
        return problems
    try:
        calculation = Calculation.model_validate(worked_out)
        answered = _last(journal, "answered")
        answer = None if answered is None else Answered.model_validate(answered)
    except ValidationError:
        return [*problems, "the calculation in the evidence cannot be read"]
    if refund.row.confirmed_at is not None and refund.row.calculation not in (None, worked_out):
        problems.append("the calculation in the refund's row is not the one in the evidence")
    recorded = None if _last(journal, "on_mirakl") else _recorded(refund)
    return [*problems, *contradictions(calculation, answered=answer, recorded=recorded)]


def _recorded(refund: Refund) -> Recorded | None:
    row = refund.row
    if row.confirmed_at is None:
        return None
    return Recorded(amount=row.amount, shipping_amount=row.shipping_amount, currency=row.currency)


def _by_hand(refund: Refund, journal: list[JournalEntry]) -> list[str]:
    """A person said which refund on Mirakl it is: that one's figures are recorded, whatever was worked out."""
    said = _last(journal, "on_mirakl")
    if said is None:
        return []
    recorded = {"amount": refund.row.amount, "shipping_amount": refund.row.shipping_amount}
    then = Recorded(amount=said["amount"], shipping_amount=said["shipping_amount"], currency=None)
    return [
        f"{field}: {getattr(then, field)} when a person said which refund it is, {now} is recorded"
        for field, now in recorded.items()
        if now != getattr(then, field)
    ]


def _seals(tx: Tx, intent: Intent, journal: list[JournalEntry]) -> list[str]:
    problems = [problem for entry in journal if entry.link is not None and (problem := _out_of_chain(tx, entry))]
    _, slipped_in = entries_without_seal(tx, intent.id)
    if slipped_in or not journal:
        problems.append("an entry of its evidence is missing, or carries no seal")
    return problems


def _out_of_chain(tx: Tx, entry: JournalEntry) -> str | None:
    """An entry is in the chain where it follows from its neighbour before, and its neighbour after follows from it."""
    number = entry.link or 0
    around = {one.link: one for one in sealed_entries(tx, first=number - 1, last=number + 1)}
    before, after = around.get(number - 1), around.get(number + 1)
    if before is None and number > 1:
        return f"entry {number - 1} of the chain is missing"
    problem = (Head() if before is None else Head(number - 1, seal_of(before).hash)).broken_by(
        seal_of(entry), content_of(entry)
    )
    follows = chain_head(tx).hash if after is None else seal_of(after).previous_hash
    if problem is None and follows != entry.hash:
        problem = f"what follows entry {number} of the chain does not follow from it"
    return problem


def _last(journal: list[JournalEntry], name: str) -> Any:
    found = [entry.evidence[name] for entry in journal if name in entry.evidence]
    return found[-1] if found else None
