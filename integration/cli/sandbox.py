"""`backhaul sandbox`: our own Mirakl, Reveni and BigCommerce, for anyone without credentials."""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import Annotated

import typer

from integration.cli.options import AsJson
from integration.cli.output import print_json
from integration.sandbox.options import SandboxOptions
from integration.sandbox.server import run_sandbox


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="A loopback port; 0 takes a free one.")] = 8900,
    scale: Annotated[
        float, typer.Option(min=0.001, max=1, help="How long its minutes take: 0.01 makes 0.6 s of each.")
    ] = 1.0,
    bigcommerce: Annotated[bool, typer.Option("--bigcommerce", help="BigCommerce is the stock master.")] = False,
    as_json: AsJson = False,
) -> None:
    """Serve until Ctrl-C, and print the settings that point a fleet here. Forgets everything when it ends."""
    options = SandboxOptions(scale=scale)

    def tell(url: str) -> None:
        variables = options.environment(url, bigcommerce=bigcommerce)
        if as_json:
            print_json(variables)
            return
        typer.echo("# Paste these into another shell, then run `backhaul up`:")
        for name, value in variables.items():
            typer.echo(f"export {name}={shlex.quote(value)}")
        typer.echo(f"# New orders: curl -d '{{\"count\": 5}}' {url}/sandbox/seed_orders")

    try:
        with suppress(KeyboardInterrupt):
            run_sandbox(options, port, ready=tell)
    except OSError as failure:
        raise typer.BadParameter(f"port {port} cannot be used ({failure.strerror})", param_hint="--port") from None
