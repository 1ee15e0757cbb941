"""A person's word on a return of which nobody knows whether it was made in Reveni: it was not, so make it."""

from __future__ import annotations

from integration.domain.returns import UNDER_WAY
from integration.ledger import intents
from integration.ledger.journal import SENT_AGAIN
from integration.ledger.returns import lock_return
from integration.ledger.store import Tx
from integration.ledger.tables import Facts
from integration.usecases.advance_return import advance
from integration.usecases.ports import Ports
from integration.usecases.refusal import Refused
from integration.usecases.resume import does


def send_return_again(ports: Ports, tx: Tx, return_id: str, *, evidence: Facts) -> str:
    """What was done, in a sentence.

    :raises Refused: it is not held for that any more, or has ended on Mirakl.
    """
    row = lock_return(tx, return_id)
    intent = intents.find(tx, "create_return", return_id)
    if row is None or intent is None or intent.state != "held":
        raise Refused(f"Return {return_id} is not held on its way to Reveni any more: nothing changes.")
    if row.mirakl_state not in UNDER_WAY:
        raise Refused(f"Return {return_id} has ended on Mirakl ({row.mirakl_state}): --dismiss closes this.")
    intents.reopen(tx, intent, reason=SENT_AGAIN, forget_sends=True, evidence=evidence)
    row.held_reason = None
    tx.session.flush()
    advance(ports, tx, row)
    return f"Taken up again within a minute: {does(intent)}."
