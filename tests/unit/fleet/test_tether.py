"""The tether between a process and its supervisor."""

from __future__ import annotations

import os
import subprocess
import sys

from integration.fleet import tether


def tethered(parent: int, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-IS", tether.__file__, str(parent), *command],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_takes_the_place_of_the_tether() -> None:
    assert tethered(os.getpid(), "echo", "two words").stdout == "two words\n"


def test_nothing_runs_when_the_parent_died_before_it_was_asked_about() -> None:
    result = tethered(os.getpid() + 1, "echo", "alive")
    assert (result.returncode, result.stdout) == (1, "")
    assert "the parent died first" in result.stderr
