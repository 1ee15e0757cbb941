"""`backhaul status`: where the fleet stands, on one page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NoReturn, TypeVar

import typer

from integration.cli.check import BrokerUnreachable, reach_broker
from integration.cli.options import AsJson
from integration.cli.output import print_json, shown
from integration.cli.session import ledger_of
from integration.errors import BackhaulError
from integration.ledger.figures import oldest_movement
from integration.ledger.heartbeats import Worker, heartbeats, workers
from integration.ledger.listings import counts, waiting_deadlines, watermarks
from integration.ledger.polls import poll_ages
from integration.ledger.readiness import has_current_tables
from integration.ledger.stock import unfinished_import
from integration.ledger.stock_figures import imports_in_flight, refused_lines
from integration.ledger.store import Tx
from integration.settings import Settings
from integration.urls import masked
from integration.usecases.judge_fleet import Verdict, judge, verdict_of
from integration.usecases.recovery_state import recovery_state
from integration.usecases.watch_deadlines import acceptance_forecast

T = TypeVar("T")

LEDGER_ANSWERS_WITHIN = 10.0
"""Seconds; a database that is frozen says nothing at all."""

NO_LEDGER = "The database holds no ledger of this version yet: start the fleet with `backhaul up`."


def status(as_json: AsJson = False) -> None:
    """OK, DEGRADED or DOWN, why, and how much is in which state. Exit 0 only for OK."""
    settings = Settings.load()
    facts: dict[str, Any] = {
        "shop": settings.shop,
        "broker_url": masked(settings.broker_url) if settings.broker_url else None,
        "database": masked(settings.database_url),
        "ledger_current": None,
    }
    broker = _broker(settings)
    try:
        verdict, standing = within(LEDGER_ANSWERS_WITHIN, lambda: _read(settings, broker))
        facts["ledger_current"] = standing is not None
        facts |= standing or {}
    except (BackhaulError, TimeoutError) as failure:
        silent = f"The database {facts['database']} does not answer within {LEDGER_ANSWERS_WITHIN:.0f} s: look at it."
        sentence = str(failure) if isinstance(failure, BackhaulError) else silent
        verdict = verdict_of(down=[sentence, *([] if broker is None else [broker])], degraded=[])
    facts = {"verdict": verdict.word, "reasons": list(verdict.reasons), **facts}
    if as_json:
        print_json(facts)
    else:
        _tell(facts)
    if verdict.word != "OK":
        raise typer.Exit(1)


def _read(settings: Settings, broker: str | None) -> tuple[Verdict, dict[str, Any] | None]:
    """The verdict, and how everything stands; None where the database holds no ledger of this version."""
    with ledger_of(settings) as ledger:
        if not has_current_tables(ledger.engine):
            return verdict_of(down=[NO_LEDGER, *([] if broker is None else [broker])], degraded=[]), None
        with ledger.read() as tx:
            return judge(settings, tx, broker=broker), _standing(settings, tx)


def _broker(settings: Settings) -> str | None:
    """Why nothing can be worked on, as far as it is the broker's; None where it answers."""
    if settings.broker_url is None:
        return "No broker: set BROKER_URL, or let `backhaul up` start its own."
    try:
        reach_broker(settings.broker_url, ca_file=settings.tls_ca_file)
    except BrokerUnreachable as failure:
        return (
            f"At {masked(settings.broker_url)} {failure}: nothing is lost, and nothing is done until it does. Look "
            "whether it runs, or is frozen."
        )
    return None


def within(seconds: float, look: Callable[[], T]) -> T:
    """What `look` finds, in a thread of its own.

    :raises TimeoutError: it finds nothing for so long; the thread is left behind.
    """
    found: SimpleQueue[Callable[[], T]] = SimpleQueue()

    def run() -> None:
        try:
            answer = look()
        except BaseException as failure:  # handed on to whoever waits
            found.put(partial(_raise, failure))
        else:
            found.put(lambda: answer)

    Thread(target=run, daemon=True).start()
    try:
        return found.get(timeout=seconds)()
    except Empty:
        raise TimeoutError from None


def _raise(failure: BaseException) -> NoReturn:
    raise failure


def _standing(settings: Settings, tx: Tx) -> dict[str, Any]:
    """Ages are whole seconds by the database's clock."""
    number = counts(tx)
    oldest, nearest = waiting_deadlines(tx)
    stock_import = unfinished_import(tx)
    recovery = recovery_state(tx)
    return {
        "recovery": None if recovery is None else recovery.facts,
        "heartbeat_ages": {beat.queue: round(beat.age) for beat in heartbeats(tx)},
        "workers": [_shown(worker) for worker in workers(tx)],
        "orders": number.orders,
        "oldest_waiting_order": oldest,
        "nearest_deadline": nearest,
        "acceptance_forecast": _forecast(settings, tx),
        "returns": number.returns,
        "refunds": number.refunds,
        "movements": number.movements,
        "restock": _restock(tx),
        "open_reviews": number.open_reviews,
        "unfinished_import": None
        if stock_import is None
        else {
            "import_id": stock_import.id,
            "mirakl_import_id": stock_import.mirakl_import_id,
            "created_at": stock_import.created_at,
            "sent_at": stock_import.sent_at,
        },
        "watermarks": watermarks(tx),
        "poll_ages": {poll.name: round(poll.seconds) for poll in poll_ages(tx)},
    }


def _shown(worker: Worker) -> dict[str, Any]:
    """Seconds since it showed that it lives, and those that its host's clock is ahead of the database's."""
    return {
        "queue": worker.queue,
        "host": worker.host,
        "pid": worker.pid,
        "seen_seconds": round(worker.age),
        "clock_offset_seconds": round(worker.clock_offset, 1),
    }


def _restock(tx: Tx) -> dict[str, Any]:
    return {
        "oldest_waiting_seconds": round(oldest_movement(tx)),
        "imports_in_flight": imports_in_flight(tx),
        "refused_lines": sum(refused_lines(tx).values()),
    }


def _forecast(settings: Settings, tx: Tx) -> dict[str, Any] | None:
    """At the rate of the last minutes (orders a second): which deadline is the first that is not kept."""
    outlook = acceptance_forecast(settings, tx)
    if outlook is None:
        return None
    return {"waiting": outlook.waiting, "rate": f"{outlook.rate:.2f}", "first_late": outlook.first_late}


def _tell(facts: dict[str, Any]) -> None:
    typer.echo(facts["verdict"])
    for reason in facts["reasons"]:
        typer.echo(f"  - {reason}")
    told = facts | {
        "workers": [
            f"{one['queue']} on {one['host']} ({one['pid']}) {one['seen_seconds']} s"
            for one in facts.get("workers", [])
        ]
    }
    for name, fact in told.items():
        if name in ("verdict", "reasons"):
            continue
        words = ", ".join(f"{key} {shown(value)}" for key, value in fact.items()) if isinstance(fact, dict) else fact
        typer.echo(f"{name.replace('_', ' '):22}{shown(words) or 'none'}")
    if facts.get("open_reviews"):
        typer.echo("Cases wait for a person: see `backhaul review list`.")
