"""`backhaul up`: the whole fleet in the foreground."""

from __future__ import annotations

import http.client
import threading
import time
from contextlib import suppress

from rich.console import Console

from integration.fleet.launch import Launch, launch
from integration.settings import Settings
from integration.urls import masked

READY_WITHIN = 120.0


def up() -> None:
    """Run the fleet: a worker for each queue, beat, web and Flower, with an embedded broker where none is given.

    Reads the environment and .env. Ctrl-C or SIGTERM stops it in order within 30 seconds, and nothing is lost.
    """
    settings = Settings.load()
    console = Console(stderr=True, highlight=False)
    with launch(settings) as started:
        say_where_things_are(console, settings, started)
        threading.Thread(target=_say_when_ready, args=(console, settings), daemon=True).start()
        status = started.fleet.run()
    raise SystemExit(status)


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


def _login(settings: Settings, started: Launch) -> str:
    given = settings.flower_basic_auth is not None
    return "given in FLOWER_BASIC_AUTH" if given else started.flower_basic_auth


def _say_when_ready(console: Console, settings: Settings) -> None:
    began = time.monotonic()
    while time.monotonic() - began < READY_WITHIN:
        if is_ready(settings):
            console.print(f"[green]ready[/green] after {time.monotonic() - began:.1f} s: every queue has a live worker")
            return
        time.sleep(0.25)
    console.print(f"[red]not ready[/red] after {READY_WITHIN:.0f} s: ask /readyz what is missing")


def is_ready(settings: Settings) -> bool:
    """Whether `/readyz` says so."""
    with suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", settings.web_port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        finally:
            connection.close()
    return False
