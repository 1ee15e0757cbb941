"""`backhaul up`: the whole fleet in the foreground."""

from __future__ import annotations

import http.client
import os
import threading
import time
from contextlib import suppress

from rich.console import Console
from rich.text import Text

from integration.answers import decode
from integration.fleet.environment import FLEET_HEADER
from integration.fleet.launch import Launch, launch
from integration.misspelt import misspelt
from integration.settings import Settings
from integration.urls import masked
from integration.usecases.recovery_state import NEXT_STEP, WITHHELD

READY_WITHIN = 120.0


def up() -> None:
    """Run the fleet: a worker for each queue, beat, web and Flower, with an embedded broker where none is given.

    Reads the environment and .env. Ctrl-C or SIGTERM stops it in order within 30 seconds, and nothing is lost.
    """
    os.umask(0o077)  # what the fleet writes is for the user that it runs as
    settings = Settings.load()
    console = Console(stderr=True, highlight=False)
    for problem in [*misspelt(), *_as_root()]:
        console.print(f"[yellow]warning[/yellow] {problem}", soft_wrap=True)
    with launch(settings) as started:
        say_where_things_are(console, settings, started)
        threading.Thread(target=_say_when_ready, args=(console, settings, started), daemon=True).start()
        status = started.fleet.run()
    raise SystemExit(status)


def _as_root() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["The fleet runs as root, and needs nothing that only root may do: give it a user of its own."]


def say_where_things_are(console: Console, settings: Settings, started: Launch) -> None:
    """The addresses and files a person looks for first."""
    web = f"http://{settings.web_host}:{settings.web_port}"
    console.print(f"[bold]Backhaul[/bold] for shop [bold]{settings.shop}[/bold] of {settings.mirakl_base_url}")
    for name, place in {
        "ledger": masked(settings.database_url),
        "broker": masked(started.broker_url),
        "webhooks": f"{web}/webhooks/reveni  (register it: backhaul webhooks register https://…)",
        "health": f"{web}/readyz",
        "metrics": f"http://{settings.metrics_host}:{settings.metrics_port}/metrics",
        "Flower": f"http://127.0.0.1:{settings.flower_port}  as {_login(settings, started)}",
        "next": "backhaul status   backhaul review list",
    }.items():
        console.print(f"  {name:<9} {place}", soft_wrap=True)
    if started.recovery is not None and not started.recovery.is_first_look:
        words = f"IN RECOVERY: {started.recovery.detail} {WITHHELD} Next: {NEXT_STEP}"
        console.print(Text(words, style="bold red"), soft_wrap=True)


def _login(settings: Settings, started: Launch) -> str:
    given = settings.flower_basic_auth is not None
    return "given in FLOWER_BASIC_AUTH" if given else started.flower_basic_auth


def _say_when_ready(console: Console, settings: Settings, started: Launch) -> None:
    began = time.monotonic()
    while time.monotonic() - began < READY_WITHIN:
        if missing(settings, fleet_id=started.fleet_id) == []:
            console.print(f"[green]ready[/green] after {time.monotonic() - began:.1f} s: every queue has a live worker")
            return
        time.sleep(0.25)
    console.print(f"[red]not ready[/red] after {READY_WITHIN:.0f} s: ask /readyz what is missing")


def missing(settings: Settings, *, fleet_id: str | None = None) -> list[str] | None:
    """What `/readyz` says is missing until the fleet is ready: nothing when it is; None where nobody answers.

    :param fleet_id: whose answer counts: on a machine with two fleets, another one's web process may have the port.
    """
    with suppress(OSError, http.client.HTTPException, ValueError, KeyError):
        connection = http.client.HTTPConnection("127.0.0.1", settings.web_port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            if fleet_id in (None, answer.getheader(FLEET_HEADER)):
                return [str(name) for name in decode(answer.read())["missing"]]
        finally:
            connection.close()
    return None


def is_ready(settings: Settings) -> bool:
    """Whether `/readyz` says so."""
    return missing(settings) == []
