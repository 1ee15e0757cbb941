"""Several promises of one kind in one call of the other side's, which answers for each of them (RT21…).

The promises are kept the same way as in `carry_out`; the call is shared, and the commits around it. Whatever the call
did not settle goes on alone: an unknown outcome is read back for each, and nothing that was sent once is sent in
company again, so that one return that the other side cannot bear stops no other.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from integration.domain.retry import RetryPolicy
from integration.errors import Rejected
from integration.ledger import intents
from integration.ledger.batches import still_due, unsent_of_kind
from integration.usecases.acts import Act
from integration.usecases.carry_out import carry_out, told
from integration.usecases.keeping import READY, Keeping
from integration.usecases.ports import Ports
from integration.usecases.while_claimed import while_claimed

log = logging.getLogger(__name__)


def carry_out_together(
    ports: Ports, act: Act[Any, Any], intent_ids: Sequence[uuid.UUID], *, retry: RetryPolicy
) -> dict[uuid.UUID, str]:
    """Keep these promises, and in the same call whichever others of the kind are due, as far as that goes now.

    :returns: what happened to each, for the log.
    """
    with ports.ledger.read() as tx:
        asked = still_due(tx, intent_ids)
    outcomes = dict.fromkeys(intent_ids, "nothing to do")
    if not asked:  # an old bell: what it rang for went along with another
        return outcomes
    with ports.ledger.write() as tx:
        due = unsent_of_kind(tx, act.kind, first=intent_ids, limit=act.per_call)
        claimed = [intents.claim(tx, one, lease=ports.settings.claim_lease) for one in due]
    # By subject, in which order the polls lock their rows, too: of two who lock many, one waits and none for ever.
    ours = sorted((intent for intent in claimed if intent is not None), key=lambda intent: intent.subject)
    keepings = [Keeping(ports, act, intent, retry) for intent in ours]
    outcomes |= {keeping.intent.id: told(keeping.make_ready) for keeping in keepings}
    ready = [keeping for keeping in keepings if outcomes[keeping.intent.id] == READY]
    if ready:
        outcomes |= _send(ports, act, ready)
    for one in asked - {keeping.intent.id for keeping in keepings}:
        outcomes[one] = told(partial(carry_out, ports, act, one, retry=retry))
    return outcomes


def _send(ports: Ports, act: Act[Any, Any], ready: Sequence[Keeping]) -> dict[uuid.UUID, str]:
    with ports.ledger.write() as tx:
        for keeping in ready:
            keeping.write_ahead(tx)
    try:
        answers = _call(ports, act, ready)
    except Exception as failure:
        return {keeping.intent.id: told(partial(_unanswered, keeping, failure, len(ready))) for keeping in ready}
    answered = list(zip(ready, answers, strict=True))
    refused = {
        keeping.intent.id: told(partial(keeping.unanswered, answer))
        for keeping, answer in answered
        if isinstance(answer, Rejected)
    }
    return refused | _record(ports, [pair for pair in answered if not isinstance(pair[1], Rejected)])


def _call(ports: Ports, act: Act[Any, Any], ready: Sequence[Keeping]) -> Sequence[Any]:
    with while_claimed(min(keeping.send_before for keeping in ready)):
        return act.send_together(ports, [keeping.prepared for keeping in ready])


def _unanswered(keeping: Keeping, failure: Exception, together: int) -> str:
    if isinstance(failure, Rejected) and together > 1:
        return keeping.refused_together(failure)
    return keeping.unanswered(failure)


def _record(ports: Ports, answered: Sequence[tuple[Keeping, Any]]) -> dict[uuid.UUID, str]:
    """All in one commit; where one of them cannot be recorded, each by itself, which shows which."""
    try:
        with ports.ledger.write() as tx:
            for keeping, answer in answered:
                keeping.record(tx, answer)
    except Exception as failure:
        log.warning("%d are recorded one by one: %s", len(answered), type(failure).__name__)
        for keeping, _ in answered:
            keeping.intent.state = "claimed"  # nothing of it was committed
        return {keeping.intent.id: told(partial(keeping.answered, answer)) for keeping, answer in answered}
    return {keeping.intent.id: "confirmed" for keeping, _ in answered}
