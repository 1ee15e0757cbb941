"""`backhaul demo`: one whole story, on a sandbox of its own and a fleet started exactly as `backhaul up` starts it."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from rich.console import Console

from integration.cli.demo_stage import Stage
from integration.cli.demo_story import HALTED_REASON, tell
from integration.cli.up import missing
from integration.errors import BackhaulError
from integration.fleet.launch import launch
from integration.fleet.procfile import load_procfile
from integration.sandbox.options import SandboxOptions
from integration.sandbox.server import start_sandbox
from integration.settings import Settings
from mappings import FOLDER

SCALE = 0.01
"""A minute of the real services takes 0.6 s here."""

STARTS_WITHIN = 90.0


def demo() -> None:
    """Tell one story from order to refund to stock, live, on our own sandbox. Needs no credentials and no servers.

    Exit 0 only if every number is what the sandbox's own books say; 1 otherwise, with the fleet's log kept.
    """
    console = Console(highlight=False)
    folder = Path(tempfile.mkdtemp(prefix="backhaul-demo-"))
    kept = folder / "fleet.log"
    try:
        right = _play(console, folder, kept)
    except BackhaulError as failure:
        console.print(f"[red]{failure}[/red]\nThe fleet's log is {kept}.")
        raise SystemExit(1) from None
    if not right:
        console.print(f"[red]Not every number is right.[/red] The fleet's log is {kept}.")
        raise SystemExit(1)
    shutil.rmtree(folder, ignore_errors=True)


def _play(console: Console, folder: Path, log: Path) -> bool:
    began = time.monotonic()
    with ExitStack() as stack:
        sandbox = stack.enter_context(start_sandbox(SandboxOptions(scale=SCALE)))
        environment = _environment(folder, sandbox.client.environment())
        stack.enter_context(patch.dict(os.environ, environment, clear=True))
        settings = Settings.load()
        output = stack.enter_context(log.open("w"))
        stage = Stage(console, settings, sandbox.client)
        console.rule("[bold]Backhaul[/bold]: one story, from order to refund to stock")
        console.print(f"sandbox at {sandbox.url}   the fleet's log: {log}", soft_wrap=True)
        started = stack.enter_context(launch(settings, output=output))
        started.fleet.start()
        stack.callback(started.fleet.stop)
        workers = sum(" worker " in command for command in load_procfile().values())
        stage.wait(
            "Workers are alive, one for each queue", workers, lambda: _alive(settings, workers), within=STARTS_WITHIN
        )
        right = tell(stage)
        stage.ledger.engine.dispose()
        console.print(f"told in {time.monotonic() - began:.0f} s; the fleet is stopping")
    console.print("[green]stopped in order[/green]" if right else "stopped")
    return right


def _alive(settings: Settings, workers: int) -> int:
    """How many workers have shown themselves; all of them only when nothing else is missing either."""
    names = missing(settings)
    if names is None:
        return 0
    return workers - max(sum(name.startswith("worker:") for name in names), int(bool(names)))


def _environment(folder: Path, sandbox: dict[str, str]) -> dict[str, str]:
    """Nothing of the caller's settings reaches the demo: it must never touch a real shop."""
    ours = {name.upper() for name in Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name.upper() not in ours}
    return (
        environment
        | sandbox
        | {
            "BACKHAUL_DATA_DIR": str(folder / "data"),
            "MAPPINGS_DIR": str(_mappings_with_a_gap(folder / "mappings")),
            "WEB_PORT": str(_free_port()),
            "METRICS_PORT": str(_free_port()),
            "FLOWER_PORT": str(_free_port()),
        }
    )


def _mappings_with_a_gap(folder: Path) -> Path:
    """The shipped tables, but one reason is missing, as a new code on the marketplace would be."""
    folder.mkdir()
    for table in FOLDER.glob("*.csv"):
        shutil.copy(table, folder)
    reasons = folder / "return_reasons.csv"
    lines = reasons.read_text().splitlines(keepends=True)
    reasons.write_text("".join(line for line in lines if not line.startswith(f"{HALTED_REASON},")))
    return folder


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
