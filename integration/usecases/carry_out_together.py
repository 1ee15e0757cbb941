"""Several promises of one kind in one call of the other side's, which answers for each of them (RT21…).

Each is claimed, written ahead and recorded by itself, as in `carry_out`; only the call is shared. Whatever the call did
not settle goes on alone: an unknown outcome is read back for each, and nothing that was sent once is sent in company
again, so that one return that the other side cannot bear stops no other.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from integration.domain.retry import RetryPolicy
from integration.errors import Rejected, Retryable
from integration.ledger import intents
from integration.ledger.batches import unsent_of_kind
from integration.usecases.acts import Act
from integration.usecases.carry_out import READY, Keeping, carry_out, told
from integration.usecases.ports import Ports


def carry_out_together(
    ports: Ports, act: Act[Any, Any], intent_ids: Sequence[uuid.UUID], *, retry: RetryPolicy
) -> dict[uuid.UUID, str]:
    """Keep these promises, and in the same call whichever others of the kind are due, as far as that goes now.

    :returns: what happened to each, for the log.
    """
    with ports.ledger.write() as tx:
        due = unsent_of_kind(tx, act.kind, first=intent_ids, limit=act.per_call)
        claimed = [intents.claim(tx, one, lease=ports.settings.claim_lease) for one in due]
    keepings = [Keeping(ports, act, intent, retry) for intent in claimed if intent is not None]
    outcomes = {keeping.intent.id: told(keeping.make_ready) for keeping in keepings}
    ready = [keeping for keeping in keepings if outcomes[keeping.intent.id] == READY]
    for keeping, answer in zip(ready, _answers(ports, act, ready), strict=True):
        outcomes[keeping.intent.id] = told(partial(_settle, keeping, answer, alone=len(ready) == 1))
    for one in intent_ids:
        if one not in outcomes:
            outcomes[one] = told(partial(carry_out, ports, act, one, retry=retry))
    return outcomes


@dataclass(frozen=True)
class _NoAnswer:
    """What became of the call as a whole, for each return of it."""

    failure: Exception


def _answers(ports: Ports, act: Act[Any, Any], ready: Sequence[Keeping]) -> Sequence[Any]:
    if not ready:
        return []
    if time.monotonic() > min(keeping.send_before for keeping in ready):
        return [_NoAnswer(Retryable("the claim was too old to send", retry_after=0.0))] * len(ready)
    try:
        return act.send_together(ports, [keeping.prepared for keeping in ready])
    except Exception as failure:
        return [_NoAnswer(failure)] * len(ready)


def _settle(keeping: Keeping, answer: Any, *, alone: bool) -> str:
    match answer:
        case _NoAnswer(failure=Rejected() as refusal) if not alone:
            return keeping.refused_together(refusal)
        case _NoAnswer(failure=failure):
            return keeping.unanswered(failure)
        case Rejected():
            return keeping.unanswered(answer)
    return keeping.answered(answer)
