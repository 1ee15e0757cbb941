"""Servers that say what a test scripted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.scripted_server import ScriptedServer
from tests.unit.http.calls import Serve


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as servers:
        yield lambda script: servers.enter_context(ScriptedServer(script))
