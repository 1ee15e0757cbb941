"""A person's word that a held refund is to be sent: since it is not on Mirakl, or since Mirakl is to pay it."""

from __future__ import annotations

from integration.ledger import intents
from integration.ledger.journal import SENT_AGAIN, journal_of
from integration.ledger.returns import get_return
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, RefundRow
from integration.usecases.refund_case import STANDING
from integration.usecases.refund_preconditions import STANDS_STILL
from integration.usecases.resume import may_have_landed, resume
from integration.usecases.two_payers import MIRAKL_PAYS, WORD, reveni_says


def send_refund_again(tx: Tx, row: RefundRow, intent: Intent, *, evidence: Facts) -> str:
    """What was done, in a sentence; `next_steps.why_not` has let the word pass for what the refund is held for."""
    held = next(entry.evidence for entry in reversed(journal_of(tx, intent.id)) if entry.to_state == "held")
    if intent.reason in MIRAKL_PAYS:
        return _pay_on_mirakl(tx, row, intent, held, evidence)
    if intent.reason in STANDS_STILL:
        resume(tx, intent, reason="sent_though", evidence={**evidence, STANDING: held.get("return", {})})
        return f"Refund {row.id} is worked out anew and sent within a minute, whatever becomes of its return."
    intents.reopen(tx, intent, reason=SENT_AGAIN, forget_sends=True, evidence={**evidence, **_for_something_else(held)})
    return f"Refund {row.id} is worked out anew and sent within a minute."


def _pay_on_mirakl(tx: Tx, row: RefundRow, intent: Intent, held: Facts, evidence: Facts) -> str:
    """The word is about what Reveni said when it was held, which is what the person was shown, and nothing else."""
    known = get_return(tx, row.return_id or "")
    said = {} if known is None else reveni_says(known)
    shown = {name: held.get(name, value) for name, value in said.items()}
    looks_first = may_have_landed(intent)
    resume(tx, intent, reason="mirakl_pays", evidence={**evidence, WORD: shown})
    what = "looked for on Mirakl and, if it is not there, sent" if looks_first else "sent within a minute"
    return (
        f"Refund {row.id} is paid on Mirakl, whatever Reveni has said so far: it is worked out anew and {what}. "
        "Should Reveni say something new before that, it is held again."
    )


def _for_something_else(held: Facts) -> Facts:
    """The refunds on Mirakl that a person was shown, and says are for something else.

    What lands after they looked is not among them: it is found before anything is sent again.
    """
    listed = {past["id"] for name in ("elsewhere", "candidates") for past in held.get(name, ())}
    shown = listed | {held.get("answered", {}).get("refund_id")} - {None}
    return {"others": sorted(shown)} if shown else {}
