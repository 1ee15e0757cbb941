"""`backhaul status`: where the fleet stands, on one page."""

from __future__ import annotations

from typing import Any

import typer

from integration.cli.options import AsJson
from integration.cli.output import print_json, shown
from integration.cli.session import ledger_of
from integration.ledger.figures import oldest_movement
from integration.ledger.heartbeats import Worker, heartbeats, workers
from integration.ledger.listings import counts, waiting_deadlines, watermarks
from integration.ledger.readiness import has_current_tables
from integration.ledger.stock import unfinished_import
from integration.ledger.stock_figures import stock_figures
from integration.ledger.store import Tx
from integration.settings import Settings
from integration.urls import masked
from integration.usecases.recovery_state import recovery_state
from integration.usecases.watch_deadlines import acceptance_forecast


def status(as_json: AsJson = False) -> None:
    """The fleet's addresses, its queues' signs of life, and how much is in which state."""
    settings = Settings.load()
    facts: dict[str, Any] = {
        "shop": settings.shop,
        "broker_url": masked(settings.broker_url) if settings.broker_url else None,
        "database": masked(settings.database_url),
    }
    with ledger_of(settings) as ledger:
        facts["ledger_current"] = has_current_tables(ledger.engine)
        if facts["ledger_current"]:
            with ledger.read() as tx:
                facts |= _standing(settings, tx)
    if as_json:
        print_json(facts)
    else:
        _tell(facts)


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
    stock = stock_figures(tx)
    return {
        "oldest_waiting_seconds": round(oldest_movement(tx)),
        "imports_in_flight": stock.imports_in_flight,
        "refused_lines": sum(stock.refused.values()),
    }


def _forecast(settings: Settings, tx: Tx) -> dict[str, Any] | None:
    """At the rate of the last minutes (orders a second): which deadline is the first that is not kept."""
    outlook = acceptance_forecast(settings, tx)
    if outlook is None:
        return None
    return {"waiting": outlook.waiting, "rate": f"{outlook.rate:.2f}", "first_late": outlook.first_late}


def _tell(facts: dict[str, Any]) -> None:
    told = facts | {
        "workers": [
            f"{one['queue']} on {one['host']} ({one['pid']}) {one['seen_seconds']} s"
            for one in facts.get("workers", [])
        ]
    }
    for name, fact in told.items():
        words = ", ".join(f"{key} {shown(value)}" for key, value in fact.items()) if isinstance(fact, dict) else fact
        typer.echo(f"{name.replace('_', ' '):22}{shown(words) or 'none'}")
    if not facts["ledger_current"]:
        typer.echo("The database holds no ledger of this version yet: start the fleet with `backhaul up`.")
    elif facts["open_reviews"]:
        typer.echo("Cases wait for a person: see `backhaul review list`.")
    if facts.get("recovery") is not None and facts["recovery"]["next_step"] is not None:
        typer.echo(f"IN RECOVERY: {facts['recovery']['detail']} See `{facts['recovery']['next_step']}`.")
    if facts["broker_url"] is None:
        typer.echo("No broker: set BROKER_URL, or let `backhaul up` start its own.")
