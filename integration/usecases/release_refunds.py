"""Refunds that were held for their return's sake alone go on with it: each is worked out anew, and sent once."""

from __future__ import annotations

from typing import Final

from integration.ledger import intents
from integration.ledger.intents import GroupInFlight
from integration.ledger.refunds import refunds
from integration.ledger.returns import lines_of
from integration.ledger.reviews import close_reviews_for
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, ReturnRow
from integration.usecases.advance_return import stands_still

FOR_ITS_RETURN: Final = frozenset({"return_held", "return_closed", "return_ended_early", "unmapped_return_reason"})
"""Why a refund is held that has nothing against it itself."""


def held_for_their_return(tx: Tx, row: ReturnRow) -> list[Intent]:
    """The promises of such refunds of this return."""
    mine = (refund.intent for refund in refunds(tx, return_id=row.return_id))
    return [one for one in mine if one is not None and one.state == "held" and one.reason in FOR_ITS_RETURN]


def release_refunds(tx: Tx, row: ReturnRow) -> list[str]:
    """Have them go on, in words; nothing as long as the return itself stands still."""
    if stands_still(row, lines_of(tx, row.return_id)) is not None:
        return []
    return [_release(tx, intent) for intent in held_for_their_return(tx, row)]


def _release(tx: Tx, intent: Intent) -> str:
    reason = intent.reason or ""
    try:  # what was sent once is looked for, and only sent again where it is not there
        intents.reopen(tx, intent, reason="its_return_goes_on", state="unknown" if intent.sends else "decided")
    except GroupInFlight as busy:
        return f"leave refund {intent.id} held, since {busy}: replay it when that is settled"
    close_reviews_for(tx, "refund", str(intent.id), reasons={reason}, resolution="its return goes on")
    return f"read the order again, work out refund {intent.id} anew and send it (OR28)"
