"""A whole fleet beside a sandbox, each in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.sandbox.client import SandboxClient
from tests import kill_points
from tests.journeys.story import Story, mappings_with_a_gap
from tests.running_fleet import RunningFleet, sandbox_process

SCALE = 0.01
"""As in the demo: a minute of the real services takes 0.6 s."""

QUICK = 0.005
"""Ten minutes between two reads take 3 s; a claim is good for its floor of 6 s, a call for its floor of 2 s.
The sweeper rings every 0.25 s, for what was not rung for in the last 2 s."""


@pytest.fixture
def sandbox() -> Iterator[SandboxClient]:
    with sandbox_process(scale=SCALE) as client:
        yield client


@pytest.fixture
def fleet(sandbox: SandboxClient, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningFleet]:
    """A fleet that is ready, and told by Reveni; on PostgreSQL for a test that has a database there."""
    over = {"MAPPINGS_DIR": str(mappings_with_a_gap(tmp_path / "mappings"))}
    if "postgres_url" in request.fixturenames:
        over["DATABASE_URL"] = request.getfixturevalue("postgres_url").replace("+psycopg", "")
    with RunningFleet(tmp_path / "fleet", sandbox.environment(), **over) as running:
        running.wait_until_ready().register_webhook()
        yield running
    print(running.log())  # shown only where the test failed


@pytest.fixture
def story(fleet: RunningFleet, sandbox: SandboxClient) -> Story:
    return Story(fleet, sandbox)


@pytest.fixture
def quick_sandbox() -> Iterator[SandboxClient]:
    with sandbox_process(scale=QUICK, refund_delay=0) as client:
        yield client


@pytest.fixture
def deaths(tmp_path: Path) -> Path:
    """A file for each step at which it has happened to somebody: who that was stands in it."""
    folder = tmp_path / "deaths"
    folder.mkdir()
    return folder


@pytest.fixture
def mortal_fleet(
    quick_sandbox: SandboxClient, tmp_path: Path, database_url: str, deaths: Path
) -> Iterator[RunningFleet]:
    """A fleet whose processes die, or are stopped, where `tests/kill_points` says. Reveni does not know of it yet."""
    over = {
        "DATABASE_URL": database_url.replace("+psycopg", ""),
        "PYTHONPATH": str(*kill_points.__path__),
        "DEATHS": str(deaths),
    }
    with RunningFleet(tmp_path / "fleet", quick_sandbox.environment(), **over) as running:
        yield running.wait_until_ready()
    print(running.log())  # shown only where the test failed
