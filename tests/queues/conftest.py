"""A broker, a ledger and a sandbox for one worker at a time, and this process as the one that rings."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from redis import Redis

from integration.fleet.broker import EmbeddedBroker
from integration.ledger.engine import make_engine
from integration.ledger.migrations import migrate
from integration.sandbox.client import SandboxClient
from integration.sandbox.options import SandboxOptions
from integration.sandbox.server import start_sandbox
from integration.settings import Settings
from integration.usecases.ports import Ports
from integration.wiring import make_ports
from tests.queues.worker import RunningWorker

SCALE = 0.01
Start = Callable[..., RunningWorker]


@pytest.fixture
def sandbox() -> Iterator[SandboxClient]:
    with start_sandbox(SandboxOptions(scale=SCALE)) as running:
        yield running.client


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """A broker that a test may kill: it is started again on its port, and reads back what it held."""
    with (tmp_path / "broker.log").open("w") as output, EmbeddedBroker(tmp_path, output=output) as server:
        yield server


@pytest.fixture
def where(request: pytest.FixtureRequest) -> str:
    """The broker's address; a test with `own_broker` gets that one."""
    if "own_broker" in request.fixturenames:
        return str(request.getfixturevalue("own_broker").url)
    return str(request.getfixturevalue("broker_url"))


@pytest.fixture
def ledger_url() -> str:
    """SQLite in the data folder; a module may have its own."""
    return ""


@pytest.fixture
def settings(
    where: str, ledger_url: str, sandbox: SandboxClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """In this process's environment too, where the workers and the app's configuration find them."""
    ours = {"BROKER_URL": where, "BACKHAUL_DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": ledger_url}
    variables = sandbox.environment() | ours
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    loaded = Settings.load()
    engine = make_engine(loaded.database_url)
    migrate(engine)
    engine.dispose()
    return loaded


@pytest.fixture
def app(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """An app that is configured as the fleet's, but for this test's broker; the bell rings through it."""
    configuration = importlib.import_module("tasks.configuration")
    app = Celery("test", set_as_current=False)
    app.config_from_object(configuration.make_configuration(settings))
    monkeypatch.setattr("tasks.bell.app", app)
    yield app
    app.close()


@pytest.fixture
def ports(settings: Settings, app: Celery) -> Iterator[Ports]:
    """What a task would use, here to promise work, and to sweep as the polling worker does."""
    ports = make_ports(settings, who="test", bell=importlib.import_module("tasks.bell").ring)
    yield ports
    ports.ledger.engine.dispose()


@pytest.fixture
def redis(where: str) -> Iterator[Redis]:
    with Redis.from_url(where, decode_responses=True) as client:
        yield client


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Start]:
    """Starts the worker of a queue by its own line of the Procfile, and waits until it has answered once.

    Takes further variables of its environment, too.
    """
    started: list[RunningWorker] = []

    def worker(queue: str, **over: str) -> RunningWorker:
        started.append(RunningWorker(queue, settings, tmp_path / f"{queue}-{len(started)}.log", **over))
        return started[-1].wait_until_alive()

    yield worker
    for one in started:
        one.kill()


def waiting(app: Celery, queue: str) -> int:
    """How many messages wait in a queue."""
    with app.connection_for_read() as connection:
        declared: Any = connection.default_channel.queue_declare(queue=queue)
        return int(declared.message_count)
