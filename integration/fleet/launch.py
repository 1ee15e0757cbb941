"""A fleet from its settings: broker, ledger, processes. What `backhaul up` and `backhaul demo` both start."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TextIO

from integration.fleet.broker import EmbeddedBroker
from integration.fleet.environment import fleet_environment
from integration.fleet.procfile import load_procfile
from integration.fleet.sole import sole_fleet
from integration.fleet.supervisor import Fleet
from integration.ledger.engine import check_durability, make_engine
from integration.ledger.heartbeats import heartbeats
from integration.ledger.migrations import migrate
from integration.ledger.store import Ledger
from integration.settings import Settings

HUNG_AFTER = 90.0
"""Seconds without a heartbeat after which a worker is taken for hung. It may be busy: a heartbeat goes ahead of its
queue, but not ahead of the calls that its threads are in (20 s at the most)."""


@dataclass(frozen=True)
class Launch:
    """A fleet that is ready to run, and what a person needs to watch it."""

    fleet: Fleet
    broker_url: str
    flower_basic_auth: str


@contextmanager
def launch(settings: Settings, *, output: TextIO | None = None) -> Iterator[Launch]:
    """Bring up the broker where none is given, bring the ledger to this version, and hold the processes ready.

    :param output: where the processes' lines go; standard output if None.
    :raises FleetAlreadyRuns: another fleet has this data folder.
    :raises NotDurable: the database may forget a commit.
    :raises BrokerDidNotStart: the embedded broker does not answer.
    """
    with ExitStack() as stack:
        stack.enter_context(sole_fleet(settings.backhaul_data_dir))
        engine = make_engine(settings.database_url, pool_size=2)
        stack.callback(engine.dispose)
        migrate(engine)
        check_durability(engine)
        broker_url = settings.broker_url
        if settings.broker_is_embedded or broker_url is None:
            broker_url = stack.enter_context(EmbeddedBroker(settings.backhaul_data_dir, output=output)).url
        auth = settings.flower_basic_auth
        flower_basic_auth = auth.get_secret_value() if auth else f"operations:{secrets.token_urlsafe(12)}"
        environment = fleet_environment(settings, broker_url=broker_url, flower_basic_auth=flower_basic_auth)
        ledger = Ledger(engine, shop=settings.shop, who="up")
        fleet = Fleet(load_procfile(), env=environment, output=output, watch=lambda: hung(ledger))
        yield Launch(fleet, broker_url, flower_basic_auth)


def hung(ledger: Ledger) -> list[str]:
    """Queues (and processes: they have the same names) that were heard of once and are silent now."""
    with ledger.read() as tx:
        return [beat.queue for beat in heartbeats(tx) if beat.age > HUNG_AFTER]
