"""Operations of each sort, and what a transport meets on its way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from integration.errors import BackhaulError, Retryable
from integration.http import Ceiling, Operation, Transport
from tests.scripted_server import Script, ScriptedServer

READ = Operation("OR11", "GET", "/api/orders", replay_safe=True)
COUNTED = Operation("RT11", "GET", "/api/returns", replay_safe=True, ceilings=(Ceiling(1, 300),))
WRITE = Operation("OR28", "PUT", "/api/orders/refund", replay_safe=False)
ACCEPT = Operation("OR21", "PUT", "/api/orders/{order_id}/accept", replay_safe=False)

Serve = Callable[[Script], ScriptedServer]


def says(*answers: bytes) -> Script:
    """Give these answers one after the other, the last one for ever."""
    left = list(answers)
    return lambda connection, _: connection.sendall(left.pop(0) if len(left) > 1 else left[0])


def transport(server: ScriptedServer, **options: Any) -> Transport:
    return Transport(base_url=server.url, headers={"Authorization": "zzsecret"}, **{"deadline": 10.0, **options})


def raises(error: type[BackhaulError]) -> AbstractContextManager[pytest.ExceptionInfo[BackhaulError]]:
    """Exactly this class: CredentialsRefused is a Retryable too."""
    return pytest.raises(error, check=lambda raised: type(raised) is error)


class RecordingGate:
    """A gate that admits until it is closed."""

    def __init__(self) -> None:
        self.admitted: list[str] = []
        self.closed: list[tuple[str, float]] = []
        self.begun: list[str] = []
        self.told: list[tuple[str, int | None]] = []

    def admit(self, operation: Operation, *, counted: bool = True) -> None:
        if self.closed:
            raise Retryable("closed", retry_after=self.closed[0][1])
        if counted:
            self.admitted.append(operation.code)

    def arrived(self, operation: Operation) -> None:
        self.begun.append(operation.code)

    def close(self, operation: Operation, seconds: float) -> float:
        self.closed.append((operation.code, seconds))
        return seconds

    def answered(self, operation: Operation, system: str, status: int | None) -> None:
        self.told.append((operation.code, status))
