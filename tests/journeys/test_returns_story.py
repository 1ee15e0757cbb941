"""Two hundred returns while every tenth call goes wrong and webhooks are lost and doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.returns_story import ReturnsStory, mappings_of_the_story
from tests.running_fleet import RunningFleet, sandbox_process

pytestmark = pytest.mark.journeys

SCALE = 0.03
"""A poll of returns takes place every 9 s; faster, the fleet would mostly read the same returns again."""


def tell(folder: Path, database_url: str | None = None) -> None:
    """The story on a fleet of its own.

    :param database_url: PostgreSQL, or None for the fleet's own SQLite.
    """
    over = {"MAPPINGS_DIR": str(mappings_of_the_story(folder / "mappings"))}
    if database_url is not None:
        over["DATABASE_URL"] = database_url
    with sandbox_process(scale=SCALE, fault_seed=11) as sandbox:
        with RunningFleet(folder / "fleet", sandbox.environment(), **over) as fleet:
            story = ReturnsStory(fleet, sandbox)
            story.send_back()
            fleet.wait_until_ready().register_webhook()
            story.wait_for_reveni()
            story.check_what_is_held()
            story.judge()
            story.mend_the_tables()
            story.wait_for_the_end()
            print(fleet.log())  # shown only where the books are wrong
            assert fleet.stop() == 0
        story.check_books()


@pytest.mark.timeout(900)
def test_two_hundred_returns_reach_reveni_once_or_are_held_for_the_right_reason(tmp_path: Path) -> None:
    tell(tmp_path)
