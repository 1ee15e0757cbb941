"""The same story, with workers that are killed, a broker that forgets, and a broker that dies."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

import pytest
from redis import Redis

from tests.journeys.story import Story
from tests.process_tree import command_line, kill, tree
from tests.running_fleet import BACKHAUL, RunningFleet
from tests.servers import wait_until

pytestmark = pytest.mark.journeys

SEED = 20_261_123
AFTER_A_START = (0.5, 4.0)
"""Seconds from a worker's start to its death: before it is ready, or in the middle of the story."""


def test_the_demo_ends_well_though_each_worker_is_killed_in_it(tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - chance, not secrecy
    victims = ["acknowledgement", "reason-mapping", "restock", "refund", "polling"]
    chance.shuffle(victims)
    screen = tmp_path / "screen"
    with screen.open("wb") as output:
        demo = subprocess.Popen([BACKHAUL, "demo"], stdout=output, stderr=output, env=os.environ | {"COLUMNS": "120"})
    try:
        killed = [queue for queue in victims if _kill_worker(demo, queue, after=chance.uniform(*AFTER_A_START))]
        assert demo.wait(150) == 0, screen.read_text()
    finally:
        for pid in tree(demo.pid):
            kill(pid)
        demo.wait()
    assert len(killed) >= 3, f"the demo was over too soon: only {killed} were killed in it"


@pytest.mark.crash_matrix(19)
def test_a_broker_that_forgets_and_dies_costs_nothing(postgres_url: str, fleet: RunningFleet, story: Story) -> None:
    story.place_orders()
    _empty(fleet)
    story.wait_for_acknowledgement()
    story.send_back()
    fleet.kill("valkey-server")
    story.wait_for_reveni(2)
    story.wait_for_the_held_one()
    story.replay_the_held_one()
    story.wait_for_reveni(3)
    story.judge()
    _empty(fleet)
    fleet.kill("--queues=refund")
    fleet.kill("valkey-server")
    story.wait_for_the_end()
    story.check_books()
    assert fleet.stop() == 0, fleet.log()


def _kill_worker(demo: subprocess.Popen[bytes], queue: str, *, after: float) -> bool:
    """Kill the worker of a queue so long after it was seen; False when the demo is over before."""

    def found() -> list[int]:
        return [pid for pid in tree(demo.pid) if f"--queues={queue} " in command_line(pid)][:1]

    wait_until(lambda: bool(found()) or demo.poll() is not None, within=60, what=f"a worker of {queue}")
    time.sleep(after)
    victims = found()
    for pid in victims:
        kill(pid)
    return bool(victims)


def _empty(fleet: RunningFleet) -> None:
    with Redis.from_url(fleet.broker_url) as client:
        client.flushall()
