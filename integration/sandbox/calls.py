"""One request, its answer, and the row that ties an operation code to the function that acts on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integration.sandbox.wire import decode, encode

if TYPE_CHECKING:
    from integration.sandbox.world import World


@dataclass(frozen=True)
class Answer:
    """What goes back: `body` is JSON-ready, or text where `media_type` says so, or None for no body."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

    def payload(self) -> bytes:
        if self.body is None:
            return b""
        return encode(self.body) if self.media_type == "application/json" else str(self.body).encode()


class Refused(Exception):
    """The call is answered with an error and has had no effect."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.answer = Answer(status, body, headers or {})


@dataclass(frozen=True)
class Call:
    """One request, as an operation sees it. `url` is the address it was sent to, without the query."""

    url: str
    target: str
    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    files: Mapping[str, bytes]

    def one(self, name: str) -> str | None:
        """A parameter that is given once, or None."""
        return self.query.get(name, [None])[-1]

    def many(self, name: str) -> list[str]:
        """A repeated parameter: the list style of RT11, TL02 and SBC11."""
        return list(self.query.get(name, []))

    def listed(self, name: str) -> list[str]:
        """A comma-separated parameter: the list style of OR11."""
        return [item for item in (self.one(name) or "").split(",") if item]

    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        :raises ValueError: it is anything else.
        """
        value = decode(self.body)
        if not isinstance(value, dict):
            raise ValueError("not a JSON object")  # noqa: TRY004 (one error for every malformed body)
        return value


Act = Callable[["World", Call], Answer]
Guard = Callable[["World", Call], None]


@dataclass(frozen=True)
class Operation:
    """One call of one service: `guard` refuses strangers before `act` has any effect."""

    code: str
    verb: str
    path: str
    act: Act
    guard: Guard

    @property
    def pattern(self) -> str:
        """The path as a regular expression with a named group for each `{name}`."""
        return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
