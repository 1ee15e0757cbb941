"""Flower, as its line of the Procfile starts it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
import requests

from integration.fleet.environment import fleet_environment
from integration.fleet.procfile import load_procfile
from integration.settings import Settings
from tests.servers import free_port, wait_until

pytestmark = pytest.mark.queues

LOGIN = ("operations", "a password")


@pytest.fixture
def flower(settings: Settings) -> Iterator[str]:
    port = free_port()
    env = fleet_environment(settings, broker_url=settings.broker_url or "", flower_basic_auth=":".join(LOGIN))
    command = f"exec {load_procfile()['flower']}"
    with subprocess.Popen(command, shell=True, env=env | {"FLOWER_PORT": str(port)}) as process:  # noqa: S602
        yield f"http://127.0.0.1:{port}"
        process.kill()


def test_flower_answers_nobody_without_its_password(flower: str) -> None:
    """X3: neither Flower's pages nor its figures and its health are for whoever reaches its port."""

    def status(path: str, auth: tuple[str, str] | None) -> int:
        try:
            return requests.get(flower + path, auth=auth, timeout=20).status_code
        except requests.ConnectionError:
            return 0

    paths = ("/", "/metrics", "/healthcheck", "/api/workers")
    wait_until(lambda: status("/healthcheck", LOGIN) == 200, within=60, what="Flower")
    assert {path: status(path, None) for path in paths} == dict.fromkeys(paths, 401)
    assert {path: status(path, LOGIN) for path in paths[:3]} == dict.fromkeys(paths[:3], 200)
