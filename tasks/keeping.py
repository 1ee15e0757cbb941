"""From a message to an act: load the kind, carry it out, log once."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from functools import cache
from uuid import UUID

from integration.usecases.call_pool import CallPool
from integration.usecases.carry_out import carry_out
from integration.usecases.carry_out_many import carry_out_many
from integration.usecases.catalogue import ACTS
from tasks.app import ports
from tasks.policy import POLICIES

log = logging.getLogger(__name__)

CONNECTIONS = 16
"""Calls that one process makes side by side for its batches."""


@cache
def call_pool() -> CallPool:
    """The connections that this process's batches share."""
    return CallPool(CONNECTIONS)


def keep_all(kind: str, intent_ids: Sequence[str]) -> str:
    """Keep a batch of promises, for acts that go in batches; says how many came to what."""
    act = ACTS[kind]
    ids = [UUID(intent_id) for intent_id in intent_ids]
    outcomes = carry_out_many(ports(), act, ids, retry=POLICIES[act.queue].retry, pool=call_pool())
    counted = ", ".join(f"{count} {outcome}" for outcome, count in Counter(outcomes.values()).items())
    log.info("%s: %s", kind, counted)
    return counted


def keep(kind: str, intent_id: str) -> str:
    """Keep one promise; running it twice is safe, since the first run claims the intent. Says what came of it."""
    act = ACTS[kind]
    outcome = carry_out(ports(), act, UUID(intent_id), retry=POLICIES[act.queue].retry)
    log.info("%s %s: %s", kind, intent_id, outcome, extra={"intent_id": intent_id, "kind": kind})
    return outcome
