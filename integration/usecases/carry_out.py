"""Keep one promise as far as it can be kept now: whoever has the claim does, everybody else has nothing to do."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from typing import Any

from integration.domain.retry import RetryPolicy
from integration.ledger import intents
from integration.ledger.intents import FenceLost
from integration.usecases.acts import Act
from integration.usecases.keeping import Keeping
from integration.usecases.ports import Ports

log = logging.getLogger(__name__)


def carry_out(ports: Ports, act: Act[Any, Any], intent_id: uuid.UUID, *, retry: RetryPolicy) -> str:
    """Keep one promise as far as it can be kept now. Running it twice, or in two places, is safe: one has the claim.

    :returns: what happened, for the log; no personal data.
    """
    with ports.ledger.write() as tx:
        intent = intents.claim(tx, intent_id, lease=ports.settings.claim_lease)
    if intent is None:
        return "nothing to do"
    try:
        return Keeping(ports, act, intent, retry).run()
    except FenceLost as lost:
        log.warning("stopped: %s", lost)
        return "claim lost"


def told(keep: Callable[[], str]) -> str:
    """Keep one of several promises: what goes wrong with it must not keep the others from being recorded."""
    try:
        return keep()
    except FenceLost as lost:
        log.warning("stopped: %s", lost)
        return "claim lost"
    except Exception:
        log.exception("an error nobody foresaw")
        return "unexpected error"
