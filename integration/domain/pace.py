"""How often the other sides are read, and after how long it is told that nothing comes of it.

Seconds, before `CALL_INTERVAL_SCALE`. A published ceiling may be longer, and then decides (`docs/pace.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final


@dataclass(frozen=True)
class Poll:
    """What is read regularly.

    :param operation: what is read, by its code.
    :param period: between the beginnings of two readings; it stands in the ledger, so that neither a second Beat nor a
        restart reads more often.
    :param silent_after: without one complete reading, until a person is told.
    """

    operation: str
    period: float
    silent_after: float


POLLS: Final = {
    "poll_orders": Poll("OR11", 60.0, 600.0),
    "poll_returns": Poll("RT11", 300.0, 1_800.0),
    "poll_verdicts": Poll("W2", 300.0, 1_800.0),
    "follow_refunds": Poll("OR11", 60.0, 1_800.0),
    "ingest_transactions": Poll("TL02", 3_600.0, 14_400.0),
    # Every second call of RT11 at the most: the poll has the others.
    "read_back_returns": Poll("RT11", 600.0, inf),
    # Daily by a ceiling, or by how long RE01 is kept; asked for more often, so that a fleet which was away catches up.
    "watch_platform": Poll("A21", 3_600.0, 259_200.0),
    "watch_reasons": Poll("RE01", 3_600.0, 259_200.0),
}

EXTERNAL_PARTNER_ORDERS: Final = Poll("OR11", 900.0, 3_600.0)
"""`poll_orders` with a key of the external-partner tier."""

HEARTBEAT: Final = 10.0
LEAST_HEARTBEAT: Final = 2.0
"""The second is not scaled: beside a simulator a message is no faster."""

HEARTBEATS_MISSED: Final = 3
LEAST_STALE: Final = 8.0
"""Three heartbeats may be lost, or wait behind a call of 20 s, before a worker is taken for dead."""

BESIDE_A_SIMULATOR: Final = 30.0
"""Seconds, not scaled: a silence that is shorter is a busy machine's."""


def polls_of(tier: str) -> dict[str, Poll]:
    """:param tier: `MIRAKL_TIER`."""
    return POLLS | ({"poll_orders": EXTERNAL_PARTNER_ORDERS} if tier == "external_partner" else {})


def stale_after(scale: float) -> float:
    """Seconds without a heartbeat after which a queue's worker is taken for dead."""
    return max(LEAST_STALE, HEARTBEATS_MISSED * HEARTBEAT * scale)


def silent_after(poll: Poll, scale: float) -> float:
    """Seconds without a complete reading after which a person is told."""
    return max(BESIDE_A_SIMULATOR, poll.silent_after * scale)
