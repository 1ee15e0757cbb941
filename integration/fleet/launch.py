"""A fleet from its settings: broker, ledger, processes. What `backhaul up` and `backhaul demo` both start."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TextIO

from integration.fleet.addresses import require_free
from integration.fleet.broker import EmbeddedBroker
from integration.fleet.environment import fleet_environment
from integration.fleet.procfile import load_procfile
from integration.fleet.sole import sole_fleet
from integration.fleet.supervisor import Fleet
from integration.fleet.watch import Watch, redis_answers
from integration.high_water import high_water_mark
from integration.ledger.engine import engine_of
from integration.ledger.readiness import bring_to_this_version
from integration.ledger.store import Ledger
from integration.settings import Settings
from integration.usecases.keep_mark import compare_with_mark
from integration.usecases.recovery_state import RecoveryState, recovery_state


@dataclass(frozen=True)
class Launch:
    """A fleet that is ready to run, and what a person needs to watch it."""

    fleet: Fleet
    recovery: RecoveryState | None
    broker_url: str
    flower_basic_auth: str
    fleet_id: str
    """What its web process answers with, and that of no other fleet does."""


@contextmanager
def launch(settings: Settings, *, output: TextIO | None = None) -> Iterator[Launch]:
    """Bring up the broker where none is given, bring the ledger to this version, and hold the processes ready.

    :param output: where the processes' lines go; standard output if None.
    :raises FleetAlreadyRuns: another fleet has this data folder.
    :raises SettingsError: an address that a process is to listen on is taken.
    :raises DataFolderUnusable, LedgerUnusable, LedgerTooNew: there is nowhere to keep what is promised.
    :raises NotDurable: the database may forget a commit.
    :raises BrokerDidNotStart: the embedded broker does not answer.
    """
    with ExitStack() as stack:
        stack.enter_context(sole_fleet(settings.backhaul_data_dir))
        require_free(settings)
        engine = engine_of(settings, pool_size=2)
        stack.callback(engine.dispose)
        bring_to_this_version(engine)
        broker_url = settings.broker_url
        if settings.broker_is_embedded or broker_url is None:
            broker_url = stack.enter_context(EmbeddedBroker(settings.backhaul_data_dir, output=output)).url
        auth = settings.flower_basic_auth
        flower_basic_auth = auth.get_secret_value() if auth else f"operations:{secrets.token_urlsafe(12)}"
        fleet_id = secrets.token_hex(8)
        environment = fleet_environment(
            settings, broker_url=broker_url, flower_basic_auth=flower_basic_auth, fleet_id=fleet_id
        )
        ledger = Ledger(engine, shop=settings.shop, who="up")
        fleet = Fleet(load_procfile(), env=environment, output=output)
        fleet.watch = Watch(ledger, partial(redis_answers, broker_url), fleet.pids).hung
        compare_with_mark(ledger, high_water_mark(settings.backhaul_data_dir, settings.shop, broker_url))
        with ledger.read() as tx:
            recovery = recovery_state(tx)
        yield Launch(fleet, recovery, broker_url, flower_basic_auth, fleet_id)
