"""How a held promise goes on after a person has mended its cause."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from integration.ledger import intents
from integration.ledger.intents import GroupInFlight
from integration.ledger.journal import note
from integration.ledger.reviews import close_reviews_for
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent
from integration.usecases.catalogue import ACTS
from integration.usecases.refusal import Refused

BY_HAND = "by-hand"
"""The lock of everything that a person does to held cases: of two who replay one case, the second finds it replayed.
Nobody else moves a held intent."""

CERTAINLY_WITHOUT_EFFECT = frozenset({"reveni_rejected", "adjust_stock_master_rejected"})
"""Held for a refusal in so many words, which leaves no doubt as long as it was the first sending."""

DOES: Final[dict[str, str]] = {
    "accept_order": "accept every line of order {subject} on Mirakl (OR21)",
    "map_return": "look the reasons of return {subject} up in return_reasons.csv",
    "accept_return": "accept return {subject} on Mirakl (RT21)",
    "create_return": "create return {subject} in Reveni (W1)",
    "cancel_return": "cancel return {subject} in Reveni (W5)",
    "receive_return": "tell Mirakl that return {subject} has arrived (RT25)",
    "assess_return": "tell Mirakl whether the lines of return {subject} are compliant (RT26)",
    "close_return": "close return {subject} on Mirakl (RT27)",
    "cancel_on_mirakl": "cancel return {subject} on Mirakl (RT29)",
    "read_verdict": "read the return of event {subject} in Reveni (W3)",
    "push_refund": "read the order again, work out the refund {subject} anew and send it (OR28)",
    "adjust_stock_master": "add the units of movement {subject} in BigCommerce",
    "follow_import": "ask Mirakl how the import ended (STO02)",
    "await_stock_master": "wait until BigCommerce shows the units of movement {subject}",
}
"""What a promise comes to, for the person who is asked whether to go on with it."""


def does(intent: Intent) -> str:
    """The promise in words."""
    return DOES[intent.kind].format(subject=intent.subject)


def resume(tx: Tx, intent: Intent, *, reason: str = "replayed", evidence: Facts | None = None) -> str:
    """Have a held intent done again, in words.

    What was sent and may have had an effect is not sent blindly: it becomes `unknown`, and reading settles it.

    :param reason: the word for the journal; `evidence` stands beside it there.

    :raises Refused: another call that it may not meet is in flight.
    """
    if may_have_landed(intent):
        try:
            intents.reopen(tx, intent, reason=reason, state="unknown", evidence=evidence)
        except GroupInFlight as busy:
            raise Refused(f"Not now, since {busy}: try again when its outcome is known.") from None
        return f"look whether an earlier sending had its effect, and only if it had none: {does(intent)}"
    intents.reopen(tx, intent, reason=reason, forget_sends=_refused_outright(intent), evidence=evidence)
    return does(intent)


def hasten(tx: Tx, intent: Intent) -> bool:
    """Have a promise that waits for its next try be tried at once; False where it waits for nothing but its turn."""
    if intent.state != "decided" or intent.due_at <= tx.now:
        return False
    intent.due_at = tx.now
    note(tx, intent, intent.state, "replayed", {})
    tx.ring(intent.kind, intent.id, due_at=tx.now, urgent=intent.urgent)
    return True


def may_have_landed(intent: Intent) -> bool:
    """Whether a sending of this intent may stand on the other side, with nothing there to refuse a second one."""
    act = ACTS[intent.kind]
    return intent.sends > 0 and not (act.reads_only or act.guarded or _refused_outright(intent))


def close_reviews(tx: Tx, kind: str, subject: str, *, reasons: Collection[str], resolution: str) -> None:
    """Take the reviews of one case out of the inbox, except those that are about something else."""
    close_reviews_for(tx, kind, subject, reasons=reasons, resolution=resolution)


def _refused_outright(intent: Intent) -> bool:
    return intent.reason in CERTAINLY_WITHOUT_EFFECT and intent.sends == 1
