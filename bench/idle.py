"""A fleet that has nothing to do: what it costs all the same, and how soon it is up and down."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.figures import Figure
from tests.process_tree import processor_seconds, pss
from tests.running_fleet import RunningFleet, sandbox_process

SETTLES = 5.0
WATCHED = 20.0
"""Seconds, at the pace of the real services."""


def measure() -> list[Figure]:
    """Over `up` and all below it, the embedded broker included; the sandbox is not."""
    with tempfile.TemporaryDirectory(prefix="backhaul-bench-") as folder, sandbox_process() as sandbox:
        began = time.monotonic()
        with RunningFleet(Path(folder), sandbox.environment()) as fleet:
            fleet.wait_until_ready()
            ready = time.monotonic() - began
            time.sleep(SETTLES)
            pids = fleet.pids()
            before, began = sum(map(processor_seconds, pids)), time.monotonic()
            time.sleep(WATCHED)
            busy = (sum(map(processor_seconds, pids)) - before) / (time.monotonic() - began)
            memory = sum(map(pss, pids)) / 1e6
            began = time.monotonic()
            fleet.stop()
            stopped = time.monotonic() - began
    return [
        Figure(f"memory of {len(pids)} processes (PSS)", memory, "MB", 900, "target"),
        Figure("processor, in parts of one core", 100 * busy, "%", 5, "target"),
        Figure("`up` → every queue has a live worker", ready, "s"),
        Figure("SIGTERM → ended", stopped, "s", 30, "promised"),
    ]
