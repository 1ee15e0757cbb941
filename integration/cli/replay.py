"""`backhaul replay`: take up one held case again after its cause was mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from integration.cli.options import Apply, AsJson
from integration.cli.output import print_json
from integration.cli.session import acting
from integration.ledger.listings import returns_held_for
from integration.usecases.replay import Kind, Replay, replay

app = typer.Typer(
    help="Take up a held case again after its cause was mended. Without --apply, only what it would do is shown.",
    no_args_is_help=True,
)


@app.command("order", epilog="Example: backhaul replay order ORD-1-A --apply")
def replay_order(order_id: str, apply: Apply = False, as_json: AsJson = False) -> None:
    """Have a held order accepted again."""
    _replay_one("order", order_id, apply=apply, as_json=as_json)


@app.command("return", epilog="Example: backhaul replay return --reason unmapped_return_reason --apply")
def replay_return(
    return_id: Annotated[str | None, typer.Argument(help="Mirakl's id of the return.")] = None,
    reason: Annotated[str | None, typer.Option(help="Instead of an id: every return held for this reason.")] = None,
    apply: Apply = False,
    as_json: AsJson = False,
) -> None:
    """Have a held return go on: each of its held steps is taken up, the mapping of its reasons among them."""
    if return_id is not None and reason is None:
        _replay_one("return", return_id, apply=apply, as_json=as_json)
    elif reason is not None and return_id is None:
        _replay_all_held_for(reason, apply=apply, as_json=as_json)
    else:
        raise typer.BadParameter("give either the id of a return or --reason")


@app.command("refund", epilog="Example: backhaul replay refund 0b7e6f0e-4f5f-4d5c-9a37-0a3a2f6e2c11 --apply")
def replay_refund(refund_id: UUID, apply: Apply = False, as_json: AsJson = False) -> None:
    """Have a held refund worked out and sent again; one that may have been sent is looked for first."""
    _replay_one("refund", str(refund_id), apply=apply, as_json=as_json)


@app.command("stock", epilog="Example: backhaul replay stock 5f0c2c1e-7a55-4a0e-8a7e-0d6f2d8d6b11 --apply")
def replay_stock(movement_id: UUID, apply: Apply = False, as_json: AsJson = False) -> None:
    """Have the units of a held or parked movement put on sale."""
    _replay_one("stock", str(movement_id), apply=apply, as_json=as_json)


@app.command("event", epilog="Example: backhaul replay event c6927a921708466da5ed2b4ebadf0bdf --apply")
def replay_event(event_id: str, apply: Apply = False, as_json: AsJson = False) -> None:
    """Have the return that a webhook event named read again."""
    _replay_one("event", event_id, apply=apply, as_json=as_json)


def _replay_one(kind: Kind, subject: str, *, apply: bool, as_json: bool) -> None:
    with acting() as ports:
        done = replay(ports, kind, subject, apply=apply)
    if as_json:
        print_json(asdict(done))
    _end([done], apply=apply, told=as_json)


def _replay_all_held_for(reason: str, *, apply: bool, as_json: bool) -> None:
    """Each return in a transaction of its own, so that one that cannot go on stops no other."""
    with acting() as ports:
        with ports.ledger.read() as tx:
            return_ids = returns_held_for(tx, reason)
        done = [replay(ports, "return", return_id, apply=apply) for return_id in return_ids]
    if as_json:
        print_json([asdict(one) for one in done])
    elif not done:
        typer.echo(f"No return is held for {reason}: see `backhaul returns list --state held`.", err=True)
    _end(done, apply=apply, told=as_json)


def _end(done: Sequence[Replay], *, apply: bool, told: bool) -> None:
    """Say what was replayed, unless it was told as JSON; exit 1 where nothing was there to replay."""
    for one in () if told else done:
        if not one.steps:
            typer.echo(one.note, err=True)
            continue
        typer.echo(f"{one.kind} {one.subject}")
        for step in one.steps:
            typer.echo(f"  - {step}")
        typer.echo(one.note if apply else f"{one.note} To do it, add --apply.")
    if not any(one.steps for one in done):
        raise typer.Exit(1)
