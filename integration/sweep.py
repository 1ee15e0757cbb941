"""Reading a list page by page: whatever the other side answers, it ends."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import Any

from integration.answers import Operation

MOST_PAGES = 1_000
"""Pages of one sweep: a hundred thousand returns, or two million lines of an account."""

LONGEST_SWEEP = 900.0
"""Seconds from the first page to the last one that is asked for."""


class Sweep:
    """One list, from its first page on."""

    def __init__(self, operation: Operation, first: Iterable[Any]) -> None:
        self._operation = operation
        self._until = monotonic() + LONGEST_SWEEP
        self._pages = 1
        self._tokens: set[str] = set()
        self._stale = False
        self._seen = {_key(document) for document in first}

    def goes_on(self, token: str) -> None:
        """Before the next page is asked for.

        :param token: what names it.
        :raises Retryable: it was asked for before, the last page brought nothing new, or it is time to end. What came
            before is good.
        """
        if token in self._tokens:
            raise self._operation.unanswered("its pages lead in a circle")
        self._tokens.add(token)
        self._pages += 1
        if self._pages > MOST_PAGES:
            raise self._operation.unanswered(f"it has more than {MOST_PAGES} pages")
        if self._stale:
            raise self._operation.unanswered("its pages bring nothing new")
        if monotonic() > self._until:
            raise self._operation.unanswered(f"it does not end within {LONGEST_SWEEP:.0f} s")

    def brings(self, documents: Iterable[Any]) -> None:
        """Note what the next page shows: behind one that shows nothing new, only the end may come."""
        found = {_key(document) for document in documents}
        self._stale = found <= self._seen
        self._seen |= found


def _key(document: Any) -> str:
    known = document.get("id") if isinstance(document, dict) else None
    return repr(document if known is None else known)
