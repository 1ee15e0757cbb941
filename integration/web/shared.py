"""One answer for all who ask at about the same time: a hundred questions cost what one does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Works an answer out once for everybody who waits for it, and keeps it for a while.

    :param keep: seconds that an answer serves those who ask later; a failure serves nobody but those who waited.
    """

    def __init__(self, work_out: Callable[[], Awaitable[T]], *, keep: float = 0.0) -> None:
        self._work_out = work_out
        self._keep = keep
        self._answer: asyncio.Future[T] | None = None
        self._until = 0.0

    async def get(self) -> T:
        """The answer, as new as `keep` says; raises what working it out raised."""
        if self._answer is None or (self._answer.done() and self._is_old(self._answer)):
            self._answer = asyncio.ensure_future(self._timed())
        return await asyncio.shield(self._answer)  # who goes away takes it from nobody

    async def _timed(self) -> T:
        answer = await self._work_out()
        self._until = time.monotonic() + self._keep
        return answer

    def _is_old(self, answer: asyncio.Future[T]) -> bool:
        return answer.cancelled() or answer.exception() is not None or time.monotonic() >= self._until
