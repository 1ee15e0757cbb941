"""One worker, started as the Procfile says."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from integration.fleet.environment import fleet_environment
from integration.fleet.procfile import load_procfile
from integration.ledger.heartbeats import heartbeats
from integration.settings import Settings
from integration.wiring import make_ledger
from tests import process_tree
from tests.servers import wait_until

STARTS_WITHIN = 60.0


class RunningWorker:
    """The worker of a queue, with the environment that `up` would give it.

    :param over: further variables, such as `PYTHONPATH`.
    """

    def __init__(self, queue: str, settings: Settings, log: Path, **over: str) -> None:
        self.queue = queue
        self._ledger = make_ledger(settings, who="test")
        self._log = log
        env = fleet_environment(settings, broker_url=settings.broker_url or "", flower_basic_auth="")
        with log.open("wb") as output:
            command = f"exec {load_procfile()[queue]}"
            # A line of the Procfile is a shell's.
            self._process = subprocess.Popen(command, shell=True, env=env | over, stdout=output, stderr=output)  # noqa: S602

    def wait_until_alive(self) -> Self:
        """It takes messages, and one has come through: where its queue has two workers, either may have taken that."""
        wait_until(self._is_alive, within=STARTS_WITHIN, what=f"a heartbeat of {self.queue}")
        assert not self._has_ended(), self.log()
        return self

    @property
    def pid(self) -> int:
        """Of its main process."""
        return self._process.pid

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stopped where it stands (SIGSTOP), as on a host that is frozen."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def age(self) -> float:
        """Seconds since its queue's last heartbeat reached the ledger."""
        with self._ledger.read() as tx:
            return min((beat.age for beat in heartbeats(tx) if beat.queue == self.queue), default=float("inf"))

    def lives(self) -> bool:
        """It is still the process that was started."""
        return not self._has_ended()

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def ask_to_stop(self) -> None:
        """SIGTERM, to its main process alone, as the supervisor does it."""
        self._process.send_signal(signal.SIGTERM)

    def exit_code(self, *, within: float) -> int:
        """How it ended by itself.

        :raises subprocess.TimeoutExpired: it has not.
        """
        return self._process.wait(within)

    def kill(self) -> None:
        """SIGKILL, to its children as well."""
        for pid in process_tree.tree(self._process.pid):
            process_tree.kill(pid)
        self._process.wait()
        self._ledger.engine.dispose()

    def _is_alive(self) -> bool:
        return self._has_ended() or ("ready." in self.log() and self.age() < 2)

    def _has_ended(self) -> bool:
        return self._process.poll() is not None
