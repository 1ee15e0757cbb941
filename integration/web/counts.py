"""What became of the deliveries that this process has answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus

OUTCOMES = {
    HTTPStatus.UNAUTHORIZED: "bad_signature",
    HTTPStatus.BAD_REQUEST: "unreadable",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.SERVICE_UNAVAILABLE: "not_stored",
}


class WebhookCounts:
    """Counted on the event loop, read by whoever asks for the figures."""

    def __init__(self) -> None:
        self._counts = Counter(dict.fromkeys(("stored", "known", "ignored", *OUTCOMES.values()), 0))

    def add(self, outcome: str) -> None:
        self._counts[outcome] += 1

    def so_far(self) -> Mapping[str, int]:
        """By outcome, since the process started."""
        return dict(self._counts)
