"""One process of the fleet, started as often as need be."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Lock, Thread
from typing import IO

from honcho.printer import Message, Printer
from honcho.process import Popen

from integration.fleet import tether

FIRST_DELAY = 0.5
LONGEST_DELAY = 15.0
# Whoever lived this long had started well; growing delays are for what cannot start at all.
HEALTHY_AGE = 10.0

# Several fleets of one program may share a screen.
_printing = Lock()


class Child:
    """A command under a name, its output printed line by line.

    The command replaces the shell that expands its variables, so signals reach the program itself. It has a
    process group of its own: Ctrl-C in a terminal reaches the supervisor alone.
    """

    def __init__(self, name: str, command: str, *, env: Mapping[str, str], colour: str, printer: Printer) -> None:
        self.name = name
        self._command = command
        self._env = env
        self._colour = colour
        self._printer = printer
        self._process: subprocess.Popen[bytes] | None = None
        self._relay: Thread | None = None
        self._started_at = self._due = time.monotonic()
        self._delay = FIRST_DELAY

    @property
    def alive(self) -> bool:
        """It was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Of its main process; None where it does not run."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def age(self) -> float:
        """Seconds since it was last started."""
        return time.monotonic() - self._started_at

    def tend(self) -> None:
        """Start it when it is due; where it has ended, make it due again, later each time it ended young.

        It dies with the thread that calls this (see `tether`).
        """
        if self._process is None:
            if time.monotonic() >= self._due:
                self._start()
        elif (code := self._process.poll()) is not None:
            self._process = None
            delay = FIRST_DELAY if self.age > HEALTHY_AGE else self._delay
            self._due = time.monotonic() + delay
            self._delay = min(2 * delay, LONGEST_DELAY)
            self._say(f"ended with code {code}, starts again in {delay:g} s")

    def terminate(self) -> None:
        """Ask the main process to end; its own children may finish what they are at (Celery's warm stop)."""
        if self._process is not None and self.alive:
            self._say("is asked to stop")
            self._process.terminate()

    def kill(self, why: str) -> None:
        """End the whole process group, whatever it is doing."""
        if self._process is not None and self.alive:
            self._say(f"{why}, is killed")
            os.killpg(self._process.pid, signal.SIGKILL)

    def drain(self, seconds: float) -> None:
        """Wait that long, at most, for its last line of output."""
        if self._relay is not None:
            self._relay.join(seconds)

    def _start(self) -> None:
        tethered = shlex.join([sys.executable, "-IS", tether.__file__, str(os.getpid())])
        self._process = Popen(f"exec {tethered} {self._command}", env=self._env)
        self._started_at = time.monotonic()
        self._relay = Thread(target=self._relay_output, args=(self._process.stdout,), daemon=True)
        self._relay.start()
        self._say(f"started as {self._process.pid}")

    def _relay_output(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self._print(line)

    def _say(self, words: str) -> None:
        self._print(f"-- {words}")

    def _print(self, data: str | bytes) -> None:
        now = datetime.now(UTC)
        with _printing:
            self._printer.write(Message("line", data, now, self.name, self._colour))
