"""The supervisor: every process runs, a dead one runs again, and on request all stop in order within 30 s."""

from __future__ import annotations

import logging
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from queue import SimpleQueue
from threading import Event, Thread
from typing import TextIO

from honcho.colour import get_colours
from honcho.printer import Printer

from integration.fleet.child import Child

log = logging.getLogger(__name__)

# A stop has stages, each with the seconds it may take before the next begins: first those that bring new
# work, then the workers, for as long as one foreign call may take, last the onlooker. Together under 30 s.
BRINGERS, BRINGERS_MAY_TAKE = frozenset({"beat", "web"}), 3.0
WORKERS_MAY_TAKE = 20.0
ONLOOKERS, ONLOOKERS_MAY_TAKE = frozenset({"flower"}), 2.0

TICK = 0.1
WATCH_EVERY = 5.0
# A worker needs a while after its start before it can show a sign of life.
GRACE = 60.0


class Fleet:
    """Processes under supervision.

    :param lines: the commands by name, in the order in which they start.
    :param env: the whole environment of each.
    :param output: where their output goes, each line with its time (UTC) and name.
    :param watch: asked every few seconds, in a thread of its own, for the names of processes that hang.
    """

    def __init__(
        self,
        lines: Mapping[str, str],
        *,
        env: Mapping[str, str],
        output: TextIO | None = None,
        watch: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        printer = Printer(output or sys.stdout, width=max(map(len, lines), default=0))
        self._children = {
            name: Child(name, command, env=env, colour=colour, printer=printer)
            for (name, command), colour in zip(lines.items(), get_colours(), strict=False)
        }
        self.watch = watch
        self._stop_asked = False  # not an Event: a signal that interrupts `set` would wait for itself
        self._stopped = Event()
        self._asked_to_restart: SimpleQueue[str] = SimpleQueue()
        self._thread: Thread | None = None
        self._killed = False

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; only from the main thread.

        Returns 0 when every process ended by itself once asked to, 1 when one had to be killed.
        """
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self._supervise()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return int(self._killed)

    def start(self) -> None:
        """Run in the background, until `stop`."""
        self._thread = Thread(target=self._supervise, name="fleet", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop in order what `start` started, and wait for it: at most 30 s."""
        self._stop_asked = True
        if self._thread is not None:
            self._thread.join()

    def restart(self, name: str) -> None:
        """Kill a process that hangs, with its children; it is started again like any that died.

        :raises KeyError: there is no process of that name.
        """
        self._asked_to_restart.put(self._children[name].name)

    def pids(self) -> dict[str, int]:
        """The processes that run at this moment, by name."""
        return {name: pid for name, child in self._children.items() if (pid := child.pid) is not None}

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stop_asked = True

    def _supervise(self) -> None:
        Thread(target=self._look_for_hung, name="watch", daemon=True).start()
        try:
            while not self._stop_asked:
                while not self._asked_to_restart.empty():
                    self._children[self._asked_to_restart.get()].kill("hangs")
                for child in self._children.values():
                    child.tend()
                time.sleep(TICK)
        finally:
            self._stopped.set()
            self._stop_in_order()

    def _look_for_hung(self) -> None:
        while not self._stopped.wait(WATCH_EVERY):
            try:
                for name in self.watch():
                    if self._children[name].age > GRACE:
                        self.restart(name)
            except Exception:  # a blind watch must not end a fleet that works
                log.exception("cannot tell which processes hang")

    def _stop_in_order(self) -> None:
        children = list(self._children.values())
        self._ask_to_stop([c for c in children if c.name in BRINGERS], BRINGERS_MAY_TAKE)
        self._ask_to_stop([c for c in children if c.name not in BRINGERS | ONLOOKERS], WORKERS_MAY_TAKE)
        self._ask_to_stop([c for c in children if c.name in ONLOOKERS], ONLOOKERS_MAY_TAKE)
        left = [child for child in children if child.alive]
        self._killed = bool(left)
        for child in left:
            child.kill("does not stop")
        self._await(left, 1.0)
        for child in children:
            child.drain(TICK)

    def _ask_to_stop(self, children: Sequence[Child], seconds: float) -> None:
        for child in children:
            child.terminate()
        self._await(children, seconds)

    def _await(self, children: Sequence[Child], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while any(child.alive for child in children) and time.monotonic() < deadline:
            time.sleep(TICK)
