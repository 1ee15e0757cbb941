"""Many promises of one kind side by side: claimed in one commit, sent at once, recorded as their answers come in.

The promises are the same and are kept the same way as in `carry_out`; only the commits are shared. Whatever is not a
plain answer, and whatever was not fresh, goes the ordinary way, one by one. Kinds that the other side takes in one call
go through `carry_out_together`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from typing import Any

from integration.domain.retry import RetryPolicy
from integration.ledger.batches import claim_all, confirm_all, urgent_of_kind
from integration.usecases.acts import Act
from integration.usecases.call_pool import CallPool
from integration.usecases.carry_out import carry_out, told
from integration.usecases.carry_out_together import carry_out_together
from integration.usecases.keeping import Keeping
from integration.usecases.ports import Ports


def carry_out_many(
    ports: Ports, act: Act[Any, Any], intent_ids: Sequence[uuid.UUID], *, retry: RetryPolicy, pool: CallPool
) -> dict[uuid.UUID, str]:
    """Keep these promises as far as they can be kept now; running any of them twice is safe.

    What is urgent by now goes first, also where nobody asked for it here.

    :param pool: where the calls are made.
    :returns: what happened to each, for the log.
    """
    if act.per_call > 1:
        return carry_out_together(ports, act, intent_ids, retry=retry)
    outcomes: dict[uuid.UUID, str] = {}
    with pool.turn():
        with ports.ledger.write() as tx:
            ahead = urgent_of_kind(tx, act.kind, limit=pool.size)
            claimed = claim_all(tx, [*ahead, *intent_ids], lease=ports.settings.claim_lease)
        claimed.sort(key=lambda intent: (not intent.urgent, intent.due_at))
        keepings = [Keeping(ports, act, intent, retry) for intent in claimed]
        sending = {pool.submit(keeping.send_at_once): keeping for keeping in keepings}
        while sending:
            done, _ = wait(sending, return_when=FIRST_COMPLETED)
            outcomes |= _take_over(ports, act, {future: sending.pop(future) for future in done})
    others = [one for one in intent_ids if one not in outcomes]
    alone = {one: pool.submit(partial(told, partial(carry_out, ports, act, one, retry=retry))) for one in others}
    return outcomes | {one: future.result() for one, future in alone.items()}


def _take_over(ports: Ports, act: Act[Any, Any], done: dict[Future[Any], Keeping]) -> dict[uuid.UUID, str]:
    answered = [(keeping.intent, future.result()) for future, keeping in done.items() if future.exception() is None]
    outcomes = {}
    if answered:
        with ports.ledger.write() as tx:
            facts = [(intent, act.evidence(intent, answer)) for intent, answer in answered]
            confirmed = confirm_all(tx, facts)
            act.record_all(ports, tx, [pair for pair in answered if pair[0].id in confirmed])
        outcomes = {intent.id: "confirmed" if intent.id in confirmed else "claim lost" for intent, _ in answered}
    for future, keeping in done.items():
        failure = future.exception()
        if isinstance(failure, Exception):
            outcomes[keeping.intent.id] = told(partial(keeping.unanswered, failure))
    return outcomes
