"""`backhaul up` in a process of its own, and a sandbox in another, as an operator would have them."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from integration.cli.up import is_ready
from integration.ledger.store import Ledger, Tx
from integration.sandbox.client import SandboxClient
from integration.settings import Settings
from integration.wiring import make_ledger, make_reveni
from tasks.policy import POLICIES
from tests import process_tree
from tests.servers import free_port, wait_until

BACKHAUL = Path(sys.executable).with_name("backhaul")
QUEUES = tuple(POLICIES)
STARTS_WITHIN = 90.0
STOPS_WITHIN = 30.0
"""Seconds. The second is promised (design 3); the first is for a machine that is busy with other things."""

_SANDBOX = """
from integration.sandbox.options import SandboxOptions
from integration.sandbox.server import run_sandbox
run_sandbox(SandboxOptions(**{facts!r}), 0, ready=lambda url: print(url, flush=True))
"""


@contextmanager
def sandbox_process(**facts: Any) -> Iterator[SandboxClient]:
    """A sandbox with these options (`SandboxOptions`) in a process of its own."""
    command = [sys.executable, "-c", _SANDBOX.format(facts=facts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield SandboxClient(process.stdout.readline().strip())
        finally:
            process.kill()


class RunningFleet:
    """One fleet on a data folder of its own, with nothing of the caller's settings.

    :param sandbox: the environment that points it at a sandbox.
    :param over: further variables, such as `DATABASE_URL`.
    """

    def __init__(self, folder: Path, sandbox: Mapping[str, str], **over: str) -> None:
        self.data_dir, self.log_file = folder / "data", folder / "fleet.log"
        ours = {name.upper() for name in Settings.model_fields}
        self.environment = {name: value for name, value in os.environ.items() if name.upper() not in ours}
        self.environment |= {
            **sandbox,
            "BACKHAUL_DATA_DIR": str(self.data_dir),
            "WEB_PORT": str(free_port()),
            "METRICS_PORT": str(free_port()),
            "FLOWER_PORT": str(free_port()),
            **over,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._ledger: Ledger | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it, however badly the test went, and leave nobody behind."""
        if self._ledger is not None:
            self._ledger.engine.dispose()
        if self._process is not None and self._process.poll() is None:
            left = self.pids()
            self._process.terminate()
            try:
                self._process.wait(STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            for pid in left:
                process_tree.kill(pid)

    def start(self) -> None:
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [BACKHAUL, "up"], env=self.environment, cwd=self.log_file.parent, stdout=log, stderr=log
            )

    def wait_until_ready(self) -> Self:
        wait_until(self.is_ready, within=STARTS_WITHIN, what="a fleet that is ready")
        return self

    def is_ready(self) -> bool:
        """Whether `/readyz` answers 200.

        :raises AssertionError: `up` has ended instead.
        """
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        return is_ready(self.settings)

    def stop(self) -> int:
        """Ask it to stop; the exit code.

        :raises subprocess.TimeoutExpired: it took longer than promised.
        """
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(STOPS_WITHIN)

    @property
    def settings(self) -> Settings:
        """What its processes read from their environment, with the broker where it is now."""
        facts = {name.lower(): value for name, value in self.environment.items()}
        return Settings.model_validate({name: facts[name] for name in Settings.model_fields if name in facts})

    @property
    def broker_url(self) -> str:
        url = self.settings.broker_url
        assert url is not None
        return url

    def register_webhook(self) -> None:
        """Have Reveni tell this fleet's own web process."""
        make_reveni(self.settings).register_webhook(f"http://127.0.0.1:{self.settings.web_port}/webhooks/reveni")

    def pids(self) -> list[int]:
        """`up` and everything below it."""
        assert self._process is not None
        return process_tree.tree(self._process.pid)

    def kill(self, words: str) -> None:
        """SIGKILL the first process below `up` whose command line holds these words: a worker's main one, the broker.

        It may be starting again from the last time.
        """

        def found() -> list[int]:
            return [pid for pid in self.pids()[1:] if words in process_tree.command_line(pid)][:1]

        wait_until(lambda: bool(found()), what=f"a process with {words}")
        for pid in found():
            process_tree.kill(pid)

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def command(self, *words: str, code: int = 0) -> str:
        """What a `backhaul` command, which must end with this code, prints: its complaint where that is not 0."""
        ran = subprocess.run(
            [BACKHAUL, *words], env=self.environment, cwd=self.log_file.parent, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
        assert ran.returncode == code, f"backhaul {shlex.join(words)} ended with {ran.returncode}: {ran.stderr}"
        return ran.stderr if code and ran.stderr and "--json" not in words else ran.stdout

    def forget_ledger(self) -> None:
        """The ledger is exchanged behind everybody's back."""
        if self._ledger is not None:
            self._ledger.engine.dispose()
            self._ledger = None

    def rows(self, *words: str) -> Any:
        """The rows, or the object, of a command with `--json`."""
        return json.loads(self.command(*words, "--json"), parse_float=Decimal)

    def read(self, look: Callable[[Tx], Any]) -> Any:
        """Look something up in the ledger, for waiting: a command would start a Python each time."""
        if self._ledger is None:
            self._ledger = make_ledger(self.settings, who="test")
        with self._ledger.read() as tx:
            return look(tx)
