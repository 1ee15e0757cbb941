"""A small act that answers, fails or is not there as it is told: everything `carry_out` may meet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from integration.domain.orders import Waits
from integration.errors import Held, Rejected
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent
from integration.usecases.acts import Act
from integration.usecases.ports import Ports


class Script:
    """What happens at each step, in turn; an exception is raised. When nothing is left, the last one happens again."""

    def __init__(self, *events: Any) -> None:
        self._events = deque(events)
        self.times = 0

    def next(self) -> Any:
        self.times += 1
        event = self._events.popleft() if len(self._events) > 1 else self._events[0]
        if isinstance(event, Exception):
            raise event
        return event


class LittleAct(Act[str, str]):
    """`found` is what a read-back shows: None for nothing."""

    kind: ClassVar[str] = "little_act"
    queue: ClassVar[str] = "refund"
    review_kind: ClassVar[str] = "refund"

    def __init__(self, **scripts: Script) -> None:
        steps = {"prepared": "ready", "sent": "done", "found": None, "recorded": None, "refusal": None}
        self.scripts = {name: scripts.pop(name, Script(event)) for name, event in steps.items()}
        assert not scripts
        self.recorded: list[str] = []
        self.held: list[str] = []

    @property
    def sendings(self) -> int:
        return self.scripts["sent"].times

    def prepare(self, ports: Ports, intent: Intent) -> str:
        return str(self.scripts["prepared"].next())

    def plan(self, intent: Intent, prepared: str) -> Facts:
        return {"prepared": prepared}

    def send(self, ports: Ports, prepared: str) -> str:
        return str(self.scripts["sent"].next())

    def read_back(self, ports: Ports, intent: Intent) -> str | None:
        found: str | None = self.scripts["found"].next()
        return found

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: str) -> None:
        self.scripts["recorded"].next()
        self.recorded.append(answer)

    def refused(self, intent: Intent, rejected: Rejected) -> Held | Waits:
        means: Callable[[], Held | Waits] | None = self.scripts["refusal"].next()
        return super().refused(intent, rejected) if means is None else means()

    def hold(self, tx: Tx, intent: Intent, held: Held) -> None:
        super().hold(tx, intent, held)
        self.held.append(held.reason)


class GuardedAct(LittleAct):
    """The other side refuses a second effect by itself."""

    guarded: ClassVar[bool] = True
    max_refusals: ClassVar[int] = 2


class ReadingAct(LittleAct):
    """Nothing is sent."""

    reads_only: ClassVar[bool] = True
