"""Errors, named for what the caller must do about them.

A foreign call ends in an answer or in exactly one of `Retryable`, `OutcomeUnknown` and `Rejected`; a decision that
must not be guessed ends in `Held`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class BackhaulError(Exception):
    """The root of everything Backhaul raises on purpose."""


class Retryable(BackhaulError):
    """The other side has done nothing: the same call may be made again, later.

    :param retry_after: seconds the other side asked for (`Retry-After`), or None.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyCalls(Retryable):
    """429: nothing was done, by the word's meaning. Where money is concerned, look before calling again.

    :param told: whether `retry_after` is the other side's own word; where it says none, the pauses must grow.
    """

    def __init__(self, message: str, *, retry_after: float, told: bool) -> None:
        super().__init__(message, retry_after=retry_after)
        self.told = told


class CredentialsRefused(Retryable):
    """401 or 403: nothing was done, and nothing will be until a person mends the key or its role."""


class OutcomeUnknown(BackhaulError):
    """A write left this machine and no trustworthy answer came back. Only reading the other side settles it."""


class Rejected(BackhaulError):
    """The other side understood the call and refused it (a parseable 4xx): it has had no effect.

    :param status: the HTTP status.
    :param code: the machine code of the answer, where there is one (Mirakl's OR21, W6 has none).
    :param message: what the other side said, without any personal data of ours in it.
    """

    def __init__(self, message: str, *, status: int, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code


class Held(BackhaulError):
    """This one case needs a person.

    :param reason: snake_case and stable; it is what the review inbox and `--json` show.
    :param detail: one sentence that names what, where and what to do.
    :param evidence: the figures that do not add up, JSON-ready, without personal data.
    """

    def __init__(self, reason: str, detail: str, evidence: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.evidence = dict(evidence or {})


class _Problems(BackhaulError):
    """Everything that is wrong, at once."""

    title: str

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join([self.title, *(f"  - {problem}" for problem in self.problems)]))


class SettingsError(_Problems):
    """Settings that are missing or malformed, all of them."""

    title = "Backhaul cannot start with these settings:"


class MappingError(_Problems):
    """Rows of a mapping file that are wrong, all of them, each with file, line and column."""

    title = "The mapping files are not usable:"
