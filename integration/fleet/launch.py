"""A fleet from its settings: broker, ledger, processes. What `backhaul up` and `backhaul demo` both start."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TextIO

from integration.fleet.broker import EmbeddedBroker
from integration.fleet.environment import fleet_environment
from integration.fleet.procfile import load_procfile
from integration.fleet.sole import sole_fleet
from integration.fleet.supervisor import Fleet
from integration.fleet.watch import Watch, redis_answers
from integration.ledger.engine import check_durability, make_engine
from integration.ledger.migrations import migrate
from integration.ledger.store import Ledger
from integration.settings import Settings


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
        fleet = Fleet(load_procfile(), env=environment, output=output)
        fleet.watch = Watch(ledger, partial(redis_answers, broker_url), fleet.pids).hung
        yield Launch(fleet, broker_url, flower_basic_auth)
