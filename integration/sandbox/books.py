"""The sandbox's own books: what really happened, for tests and the demo to check against."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any


@dataclass
class RecordedCall:
    """One call of a foreign service. `at` is monotonic seconds; `status` is None where nothing was answered.

    `body` is kept for Mirakl's writes alone, which carry no personal data.
    """

    operation: str
    at: float
    request: str
    body: str | None
    status: int | None = None


@dataclass
class Acceptance:
    """OR21 on one order: how many calls came, and how many of them changed something."""

    effective: int = 0
    calls: int = 0


@dataclass
class Books:
    """Counted while it happens; what can be read off the state of the world is not kept twice."""

    calls: list[RecordedCall] = field(default_factory=list)
    accepts: defaultdict[str, Acceptance] = field(default_factory=lambda: defaultdict(Acceptance))
    # A step out of order, and one that had been taken already (RT21 to RT29).
    illegal_return_steps: int = 0
    repeated_return_steps: int = 0
    deliveries: list[dict[str, Any]] = field(default_factory=list)

    def record(self, operation: str, request: str, body: str | None) -> RecordedCall:
        call = RecordedCall(operation, time.monotonic(), request, body)
        self.calls.append(call)
        return call

    def calls_by_operation(self) -> dict[str, int]:
        counted: defaultdict[str, int] = defaultdict(int)
        for call in self.calls:
            counted[call.operation] += 1
        return dict(counted)
