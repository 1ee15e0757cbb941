"""A fleet and a sandbox, each in processes of their own, for one measurement."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from integration.sandbox.client import SandboxClient
from tests.running_fleet import RunningFleet, sandbox_process

USUAL_SCALE = 0.01
"""As in the demo: a minute of the real services takes 0.6 s."""


@dataclass(frozen=True)
class Stage:
    fleet: RunningFleet
    sandbox: SandboxClient


@contextmanager
def ready_fleet(
    *, scale: float = USUAL_SCALE, seed: Callable[[SandboxClient], object] = lambda _: None
) -> Iterator[Stage]:
    """A fleet that is ready, and told of everything by Reveni's webhooks.

    :param seed: puts into the sandbox what the fleet's first polls are to find.
    """
    with tempfile.TemporaryDirectory(prefix="backhaul-bench-") as folder, sandbox_process(scale=scale) as sandbox:
        seed(sandbox)
        with RunningFleet(Path(folder), sandbox.environment()) as fleet:
            fleet.wait_until_ready().register_webhook()
            yield Stage(fleet, sandbox)
