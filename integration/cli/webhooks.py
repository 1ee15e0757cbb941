"""`backhaul webhooks`: where Reveni tells about returns."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from integration.cli.options import AsJson
from integration.cli.output import print_json, show_rows
from integration.reveni.client import Reveni
from integration.reveni.wire import Webhook
from integration.settings import Settings
from integration.urls import web_url
from integration.wiring import make_reveni

app = typer.Typer(help="Where Reveni tells about returns.", no_args_is_help=True)


@app.command(epilog="Example: backhaul webhooks register https://backhaul.example.com/webhooks/reveni")
def register(
    url: Annotated[str, typer.Argument(help="The web process's /webhooks/reveni, as Reveni reaches it.")],
    as_json: AsJson = False,
) -> None:
    """Have Reveni tell this address about returns. Its deliveries are signed with the store's API key."""
    try:
        web_url(url)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    made = _reveni().register_webhook(url)
    if as_json:
        print_json(_row(made))
    else:
        typer.echo(f"Registered as {made.id}. To take it back: backhaul webhooks remove {made.id}")


@app.command("list", epilog="Example: backhaul webhooks list --json")
def list_webhooks(as_json: AsJson = False) -> None:
    """The registered addresses."""
    show_rows(
        [_row(webhook) for webhook in _reveni().list_webhooks()],
        columns=("webhook_id", "url", "event_types"), as_json=as_json,
        empty="None is registered: verdicts are found by polling alone. See `backhaul webhooks register --help`.",
        next_step="To take one back: backhaul webhooks remove WEBHOOK_ID",
    )  # fmt: skip


@app.command(epilog="Example: backhaul webhooks remove 4e26c9f08f2a468fabc16af12ae0209b")
def remove(webhook_id: str, as_json: AsJson = False) -> None:
    """Have Reveni stop telling an address; verdicts are then found by polling alone."""
    _reveni().remove_webhook(webhook_id)
    if as_json:
        print_json({"webhook_id": webhook_id, "removed": True})
    else:
        typer.echo(f"Removed {webhook_id}.")


def _reveni() -> Reveni:
    return make_reveni(Settings.load())


def _row(webhook: Webhook) -> dict[str, Any]:
    return {"webhook_id": webhook.id, "url": webhook.url, "event_types": list(webhook.event_types)}
