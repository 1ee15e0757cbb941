"""Errors of an outage, of the broker, the database or the network: they come by the hundred, and say one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic

QUIET = 60.0
"""Seconds without an error of a kind after which the next one is a new outage."""

REMINDS = 600.0
"""Seconds after which an outage that goes on is told again."""

FOREIGN = frozenset({"sqlalchemy", "psycopg", "sqlite3", "redis", "kombu", "amqp"})
"""Packages whose connections fail."""

CONNECTION = ("OperationalError", "InterfaceError", "ConnectionError", "TimeoutError", "ConnectionTimeout")


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it came from, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def is_outage(error: BaseException | None) -> bool:
    """Whether a connection failed somewhere below, and nothing of ours."""
    return any(
        isinstance(one, ConnectionError | TimeoutError)
        or (type(one).__module__.partition(".")[0] in FOREIGN and type(one).__name__ in CONNECTION)
        for one in causes(error)
    )


class Repeats:
    """Which of many alike errors is worth a line: the first, and one in ten minutes while they go on."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._last: dict[object, float] = {}
        self._told: dict[object, float] = {}
        self._left_out: dict[object, int] = {}

    def left_out(self, key: object) -> int | None:
        """How many were left out since the last that was told; None where this one is to be left out, too."""
        now = self._clock()
        last, told = self._last.get(key), self._told.get(key)
        self._last[key] = now
        if last is not None and told is not None and now - last < QUIET and now - told < REMINDS:
            self._left_out[key] = self._left_out.get(key, 0) + 1
            return None
        self._told[key] = now
        return self._left_out.pop(key, 0)
