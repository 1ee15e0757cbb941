"""How long to wait before trying again: growing, bounded, and never all at the same moment."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """Delays in seconds, before `CALL_INTERVAL_SCALE`: `first`, doubled with each attempt, `longest` at the most."""

    first: float
    longest: float

    def delay(self, attempt: int, *, spread: random.Random) -> float:
        """Seconds to wait after attempt number `attempt` (from 1) failed: between half and all of the step."""
        step = min(self.longest, self.first * 2.0 ** min(attempt - 1, 30))
        return step * spread.uniform(0.5, 1.0)
