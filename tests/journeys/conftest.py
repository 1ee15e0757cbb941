"""A whole fleet beside a sandbox, each in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.sandbox.client import SandboxClient
from tests.journeys.story import Story, mappings_with_a_gap
from tests.running_fleet import RunningFleet, sandbox_process

SCALE = 0.01
"""As in the demo: a minute of the real services takes 0.6 s."""


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
