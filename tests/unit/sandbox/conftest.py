"""A sandbox whose timers run at once, and one whose timers can be watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from integration.sandbox import RunningSandbox, SandboxClient, SandboxOptions, start_sandbox
from tests.unit.sandbox.caller import Caller

Start = Callable[..., tuple[RunningSandbox, Caller]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a sandbox with options of one's own; by default its timers run at once and nothing is counted."""
    with ExitStack() as running:

        def begin(**facts: Any) -> tuple[RunningSandbox, Caller]:
            options = SandboxOptions(**{"scale": 0.0, **facts})
            sandbox = running.enter_context(start_sandbox(options))
            return sandbox, Caller(sandbox, options)

        yield begin


@pytest.fixture
def started(start: Start) -> tuple[RunningSandbox, Caller]:
    return start()


@pytest.fixture
def sandbox(started: tuple[RunningSandbox, Caller]) -> SandboxClient:
    return started[0].client


@pytest.fixture
def caller(started: tuple[RunningSandbox, Caller]) -> Caller:
    return started[1]
