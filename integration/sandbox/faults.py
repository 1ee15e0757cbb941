"""Rules of misbehaviour: which call of which operation goes wrong, how, and how often."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

KINDS = frozenset(
    {
        "status_before",  # this status, no effect
        "status_after",  # the effect, then this status
        "lost_before",  # the connection is closed, no effect
        "lost_after",  # the effect, then the connection is closed
        "truncated_after",  # the effect, then half of the answer
        "garbage_after",  # the effect, then 200 with a body that is not JSON
        "late_effect",  # no answer, and the effect lands `seconds` later
        "hang",  # no answer, no effect
        "delay",  # `seconds` late, else as always
        "wrong_answer",  # OR28: the effect, but an answer for another amount
        "fields_replaced",  # the effect, but wherever these fields stand in the answer, they have these values
    }
)


@dataclass(frozen=True)
class Fault:
    """One rule.

    :param operation: an operation code, or `*`.
    :param times: how many calls it spoils; None for all of them.
    :param probability: the share of the matching calls that it spoils.
    :param match: text that the request line or the body must hold, such as an order line id.
    :param seconds: real seconds, not scaled; for `late_effect` and `delay`.
    :param answer_after: for `late_effect`: answer 504 after so many seconds; None leaves the caller hanging.
    :param body: for `status_*`: text, or an object for JSON; None gives an error in every service's shape.
    :param replace: for `wrong_answer`: the fields of each refund that are answered differently; for `fields_replaced`:
        a field's name and its value.
    """

    operation: str
    kind: str
    status: int = 503
    body: Any = None
    retry_after: int | None = None
    seconds: float = 0.0
    answer_after: float | None = None
    times: int | None = None
    probability: float = 1.0
    match: str = ""
    replace: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such kind of fault: {self.kind}")


class Faults:
    """The rules in force, first match first. The same seed and the same calls give the same faults."""

    def __init__(self, seed: int) -> None:
        self.latency = 0.0
        self._rules: list[Fault] = []
        self._random = random.Random(seed)  # noqa: S311 (chance, not secrecy)

    def add(self, fault: Fault) -> None:
        self._rules.append(fault)

    def clear(self) -> None:
        self._rules.clear()
        self.latency = 0.0

    def take(self, operation: str, request: str) -> Fault | None:
        """The rule that spoils this call, used up by one; None where nothing does."""
        for index, rule in enumerate(self._rules):
            if rule.operation not in ("*", operation) or rule.match not in request:
                continue
            if self._random.random() >= rule.probability:
                continue
            if rule.times is not None:
                self._use_up(index, rule, rule.times)
            return rule
        return None

    def _use_up(self, index: int, rule: Fault, times: int) -> None:
        if times <= 1:
            del self._rules[index]
        else:
            self._rules[index] = replace(rule, times=times - 1)
