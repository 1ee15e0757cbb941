"""`backhaul check`: is everything there, and does it let us in?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer
from redis import Redis, RedisError

from integration.cli.options import AsJson
from integration.cli.output import print_json
from integration.cli.session import ledger_of
from integration.errors import BackhaulError
from integration.settings import Settings
from integration.usecases.check_setup import Setup
from integration.wiring import make_bigcommerce, make_mirakl, make_reveni

BROKER_ANSWERS_WITHIN = 3.0


class BrokerUnreachable(BackhaulError):
    """No sign of life came."""


def check(as_json: AsJson = False) -> None:
    """Look at database, mappings, broker, Mirakl and Reveni; changes nothing. Exit 1 where something fails.

    What nobody could look at is `unknown`, which is no failure of its own.
    """
    settings = Settings.load()
    with ledger_of(settings) as ledger:
        setup = Setup(
            settings=settings,
            ledger=ledger,
            mirakl=make_mirakl(settings),
            reveni=make_reveni(settings),
            bigcommerce=make_bigcommerce(settings),
            reach_broker=lambda url: reach_broker(url, ca_file=settings.tls_ca_file),
        )
        checks = setup.check()
    if as_json:
        print_json([{**asdict(one), "word": one.word} for one in checks])
    else:
        for one in checks:
            typer.echo(f"{one.word:7}  {one.name:16} {one.detail}")
            if one.next_step:
                typer.echo(f"{'':26}{one.next_step}")
    if any(one.ok is False for one in checks):
        raise typer.Exit(1)


def reach_broker(url: str, *, ca_file: Path | None = None) -> None:
    """:raises BrokerUnreachable: nothing that speaks Redis answers there."""
    trusted = {"ssl_ca_certs": str(ca_file)} if ca_file is not None and url.startswith("rediss:") else {}
    socket_or_tcp = url.replace("redis+socket://", "unix://", 1)  # kombu's name for it, and redis's
    try:
        with Redis.from_url(
            socket_or_tcp,
            socket_timeout=BROKER_ANSWERS_WITHIN,
            socket_connect_timeout=BROKER_ANSWERS_WITHIN,
            **trusted,
        ) as client:
            client.ping()
    except (RedisError, OSError, ValueError) as failure:  # their words may quote the address
        raise BrokerUnreachable(f"the broker does not answer ({type(failure).__name__})") from None
