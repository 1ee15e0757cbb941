"""Mirakl's published call frequencies (mirakl.md 1.1, "Maximum"), enforced to the letter."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Mapping

from integration.sandbox.calls import Call, Refused

# Calls per window of so many seconds. Operations that are not listed are not counted.
CEILINGS: Mapping[str, tuple[tuple[int, float], ...]] = {
    "OR11": ((1, 60.0),),
    "RT11": ((1, 300.0),),
    "STO01": ((1, 60.0),),
    "STO02": ((1, 15.0),),
    "STO03": ((1, 60.0),),
    "TL02": ((20, 60.0), (60, 3600.0)),
}


class Ceilings:
    """Counts what counts, in sliding windows. A refused call takes no place in the window."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._admitted: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=60))
        self.violations: defaultdict[str, int] = defaultdict(int)

    def admit(self, operation: str, call: Call) -> None:
        """Let the call pass, or refuse it with 429 and `Retry-After` in whole seconds.

        :raises Refused: it came too early; the violation is in the books.
        """
        subject = _counted(operation, call)
        if subject is None:
            return
        now = time.monotonic()
        wait = max(self._wait(subject, now, *window) for window in CEILINGS[operation])
        if wait > 0:
            self.violations[operation] += 1
            body = {"message": "You made too many requests in the last hour", "status": 429}
            raise Refused(429, body, {"Retry-After": str(max(1, math.ceil(wait)))})
        self._admitted[subject].append(now)

    def _wait(self, subject: str, now: float, calls: int, seconds: float) -> float:
        admitted = self._admitted[subject]
        if len(admitted) < calls:
            return 0.0
        return admitted[-calls] + seconds * self._scale - now


def _counted(operation: str, call: Call) -> str | None:
    """What the call counts against, or None.

    The further pages of a sweep belong to its first one. A look-up by id is no sweep for OR11 alone, which may be
    called "at each order page display" (design 2.1); RT11 has no such exception. The frequency of STO02 is per import.
    """
    if operation not in CEILINGS:
        return None
    if operation == "OR11" and (call.one("order_ids") or call.one("offset") not in (None, "0")):
        return None
    if operation == "RT11" and call.one("page_token"):
        return None
    return f"STO02 {call.path['import_id']}" if operation == "STO02" else operation
