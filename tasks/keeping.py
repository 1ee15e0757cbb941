"""From a message to an act: load the kind, carry it out, log once."""

from __future__ import annotations

import logging
from uuid import UUID

from integration.usecases.carry_out import carry_out
from integration.usecases.catalogue import ACTS
from tasks.app import ports
from tasks.policy import POLICIES

log = logging.getLogger(__name__)


def keep(kind: str, intent_id: str) -> None:
    """Keep one promise; running it twice is safe, since the first run claims the intent."""
    act = ACTS[kind]
    outcome = carry_out(ports(), act, UUID(intent_id), retry=POLICIES[act.queue].retry)
    log.info("%s %s: %s", kind, intent_id, outcome, extra={"intent_id": intent_id, "kind": kind})
