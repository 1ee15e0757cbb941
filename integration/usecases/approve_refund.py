"""A person's approval of a refund that takes its return above the currency's limit: how much, who and when stand in
its evidence.
"""

from __future__ import annotations

from integration.domain.refund_limits import Approval
from integration.ledger.journal import journal_of
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent
from integration.usecases.next_steps import ABOVE_LIMIT
from integration.usecases.resume import resume


def approve_refund(tx: Tx, intent: Intent, *, evidence: Facts) -> str:
    """Release a refund that is held above the limit; in words.

    What is approved is that all refunds of its return together come to the total that it is held with, and no more. It
    is worked out anew before it is sent: should the return come to more by then, it is held again. Another refund of
    the return that stays within the total needs no approval of its own.

    :raises Refused: an earlier sending is to be looked for, and another refund of the order is in flight.
    """
    held = next(entry.evidence for entry in reversed(journal_of(tx, intent.id)) if entry.reason == ABOVE_LIMIT)
    approval = Approval(total=held["total"], currency=held["currency"])
    facts = {**evidence, "approved": approval.model_dump(mode="json")}
    resume(tx, intent, reason="approved", evidence=facts)
    return (
        f"Refund {intent.id} is approved: all refunds of its return may come to {approval.total} {approval.currency}. "
        "It is worked out anew and, within that, sent within a minute."
    )
