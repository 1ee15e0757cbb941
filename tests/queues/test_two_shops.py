"""Two shops on one database and one broker: a worker does its own shop's work, on its own shop's Mirakl."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis

from integration.ledger.engine import make_engine
from integration.ledger.migrations import migrate
from integration.ledger.orders import orders
from integration.sandbox.client import SandboxClient
from integration.sandbox.options import SandboxOptions
from integration.sandbox.server import start_sandbox
from integration.settings import Settings
from integration.usecases.poll_orders import poll_orders
from integration.usecases.ports import Ports
from integration.wiring import make_ports
from tests.queues.worker import RunningWorker
from tests.servers import wait_until

pytestmark = pytest.mark.queues


def test_two_shops_on_one_database_and_one_broker_do_not_touch_each_other(
    settings: Settings, database_url: str, tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(database_url)
    migrate(engine)
    engine.dispose()
    with (
        _shop("2001", settings, database_url, tmp_path, monkeypatch) as (first, in_first),
        _shop("2002", settings, database_url, tmp_path, monkeypatch) as (second, in_second),
    ):
        for ports, sandbox, count in ((first, in_first, 3), (second, in_second, 2)):
            sandbox.seed_orders(count)
            _ring_through(ports, monkeypatch)
            poll_orders(ports)
        wait_until(lambda: (_acknowledged(first), _acknowledged(second)) == (3, 2), what="both shops' orders")
        assert _effects(in_first) == [1, 1, 1]
        assert _effects(in_second) == [1, 1]
    assert {str(key).split(":")[1] for key in redis.scan_iter("backhaul:*")} == {"2001", "2002"}


@contextmanager
def _shop(
    shop_id: str, settings: Settings, database_url: str, folder: Path, environment: pytest.MonkeyPatch
) -> Iterator[tuple[Ports, SandboxClient]]:
    """A shop with a sandbox and an acknowledgement worker of its own; this process polls for it."""
    with start_sandbox(SandboxOptions(scale=settings.call_interval_scale, shop_id=int(shop_id))) as sandbox:
        variables = sandbox.client.environment() | {
            "MIRAKL_SHOP_ID": shop_id,
            "DATABASE_URL": database_url.replace("+psycopg", ""),
            "BACKHAUL_DATA_DIR": str(folder / shop_id),
        }
        for name, value in variables.items():
            environment.setenv(name, value)
        own = Settings.load()
        worker = RunningWorker("acknowledgement", own, folder / f"{shop_id}.log").wait_until_alive()
        ports = make_ports(own, who="test", bell=importlib.import_module("tasks.bell").ring)
        try:
            yield ports, sandbox.client
        finally:
            worker.kill()
            ports.ledger.engine.dispose()


def _ring_through(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ring in this shop's name from now on."""
    app = Celery("test", set_as_current=False)
    app.config_from_object(importlib.import_module("tasks.configuration").make_configuration(ports.settings))
    monkeypatch.setattr("tasks.bell.app", app)


def _acknowledged(ports: Ports) -> int:
    with ports.ledger.read() as tx:
        return len(orders(tx, state="acknowledged"))


def _effects(sandbox: SandboxClient) -> list[int]:
    return [made["effective"] for made in sandbox.books()["accepts"].values()]
