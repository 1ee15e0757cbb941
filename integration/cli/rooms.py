"""The commands, each imported when it is asked for: a fleet that starts needs no sandbox, and a list no reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.main import get_command, get_group

COMMANDS = {
    "up": "MIRAKL_BASE_URL=https://example.mirakl.net backhaul up",
    "demo": "backhaul demo",
    "status": "backhaul status --json",
    "check": "backhaul check",
    "backup": "backhaul backup /srv/backups/ledger-2026-11-28.sqlite3",
    "recover": "backhaul recover --apply",
    "reconcile": "backhaul reconcile --month 2026-11 --csv refunds.csv --html refunds.html",
    "sandbox": "backhaul sandbox --port 8900",
}
"""Modules beside this one with one command of the same name, each with an example."""

FAMILIES = ("orders", "returns", "refunds", "stock", "review", "replay", "mappings", "webhooks")
"""Modules beside this one with several."""


class Rooms(Mapping[str, Any]):
    """Name to command, in the order in which they are listed. To list them with their help loads them all."""

    def __getitem__(self, name: str) -> Any:
        """:raises KeyError: there is no such command."""
        if name in FAMILIES:
            family = get_group(import_module(f"integration.cli.{name}").app)
            family.name = name
            return family
        example = COMMANDS[name]
        alone = typer.Typer(add_completion=False)
        alone.command(name, epilog=f"Example: {example}")(getattr(import_module(f"integration.cli.{name}"), name))
        return get_command(alone)

    def __iter__(self) -> Iterator[str]:
        return iter((*COMMANDS, *FAMILIES))

    def __len__(self) -> int:
        return len(COMMANDS) + len(FAMILIES)
