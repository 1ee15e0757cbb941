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
    as_json: AsJson = False,
) -> None:
    """Serve until Ctrl-C, and print the settings that point a fleet here. Forgets everything when it ends."""
    options = SandboxOptions()

    def tell(url: str) -> None:
        variables = options.environment(url)
        if as_json:
            print_json(variables)
            return
        typer.echo("# Paste these into another shell, then run `backhaul up`:")
        for name, value in variables.items():
            typer.echo(f"export {name}={shlex.quote(value)}")

    try:
        with suppress(KeyboardInterrupt):
            run_sandbox(options, port, ready=tell)
    except OSError as failure:
        raise typer.BadParameter(f"port {port} cannot be used ({failure.strerror})", param_hint="--port") from None
