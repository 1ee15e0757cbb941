"""One worker, started as the Procfile says."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Self

from integration.fleet.environment import fleet_environment
from integration.fleet.procfile import load_procfile
from integration.ledger.marks import heartbeats
from integration.settings import Settings
from integration.wiring import make_ledger
from tests import process_tree
from tests.servers import wait_until

STARTS_WITHIN = 60.0


class RunningWorker:
    """The worker of a queue, with the environment that `up` would give it."""

    def __init__(self, queue: str, settings: Settings, log: Path) -> None:
        self.queue = queue
        self._ledger = make_ledger(settings, who="test")
        self._log = log
        env = fleet_environment(settings, broker_url=settings.broker_url or "", flower_basic_auth="")
        with log.open("wb") as output:
            command = f"exec {load_procfile()[queue]}"
            # A line of the Procfile is a shell's.
            self._process = subprocess.Popen(command, shell=True, env=env, stdout=output, stderr=output)  # noqa: S602

    def wait_until_alive(self) -> Self:
        wait_until(
            lambda: self.age() < 2 or self._has_ended(), within=STARTS_WITHIN, what=f"a heartbeat of {self.queue}"
        )
        assert not self._has_ended(), self.log()
        return self

    def age(self) -> float:
        """Seconds since its queue's last heartbeat reached the ledger."""
        with self._ledger.read() as tx:
            return min((beat.age for beat in heartbeats(tx) if beat.queue == self.queue), default=float("inf"))

    def lives(self) -> bool:
        """It is still the process that was started."""
        return not self._has_ended()

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def kill(self) -> None:
        """SIGKILL, to its children as well."""
        for pid in process_tree.tree(self._process.pid):
            process_tree.kill(pid)
        self._process.wait()
        self._ledger.engine.dispose()

    def _has_ended(self) -> bool:
        return self._process.poll() is not None
