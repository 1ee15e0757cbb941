"""The answer to a person who asks for what the case does not allow."""

from __future__ import annotations

from integration.errors import BackhaulError


class Refused(BackhaulError):
    """Nothing was changed; the sentence says why, and what can be done instead."""
