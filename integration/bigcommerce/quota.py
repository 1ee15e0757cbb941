"""The requests that a store grants to all of its apps together (contract page: bigcommerce.md, Limits)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from time import monotonic

from integration.answers import LONGEST_PAUSE
from integration.errors import Retryable

LEFT, RESET = "X-Rate-Limit-Requests-Left", "X-Rate-Limit-Time-Reset-Ms"


class Quota:
    """What the store's last answers said is left: whoever asks for more gets a 429, and so do its other apps.

    It is kept for each process. All calls to the store are made by one, the worker of the restock queue.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._closed_until = 0.0

    def check(self) -> None:
        """:raises Retryable: nothing is left, with the seconds until it is filled again."""
        wait = self._closed_until - self._clock()
        if wait > 0:
            raise Retryable(f"the store's quota is spent for {wait:.1f} s", retry_after=wait)

    def note(self, headers: Mapping[str, str]) -> None:
        """Take over what an answer says. Without its headers, nothing is known to be spent."""
        left, reset = headers.get(LEFT, "").strip(), headers.get(RESET, "").strip()
        if left.isdecimal() and reset.isdecimal() and not left.strip("0"):
            self.close(min(float(reset) / 1000, LONGEST_PAUSE))

    def close(self, seconds: float) -> None:
        """Ask for nothing for so long; of several such words, the longest counts."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock() + seconds)
