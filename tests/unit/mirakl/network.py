"""What the tests of the Mirakl client share."""

from __future__ import annotations

from typing import Any

import responses

from integration.answers import decode
from integration.http import Operation

URL = "https://mirakl.test"


class CountingGate:
    """A gate that is always open, and writes down which operations counted."""

    def __init__(self) -> None:
        self.counted: list[Operation] = []

    def admit(self, operation: Operation, *, counted: bool = True) -> None:
        if counted:
            self.counted.append(operation)

    def arrived(self, operation: Operation) -> None:
        assert operation in self.counted

    def close(self, operation: Operation, seconds: float) -> float:
        raise AssertionError("nothing here answers 429")

    def answered(self, operation: Operation, system: str, status: int | None) -> None:
        """Nothing here is refused for long."""


def query(network: responses.RequestsMock, number: int = -1) -> dict[str, Any]:
    """The decoded query of one of the calls."""
    return dict(network.calls[number].request.params)  # type: ignore[attr-defined]  # the recorded object has it


def body(network: responses.RequestsMock, number: int = -1) -> Any:
    """The decoded JSON body of one of the calls."""
    return decode(network.calls[number].request.body)  # type: ignore[arg-type]  # a recorded request has a body
