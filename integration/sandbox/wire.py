"""JSON and dates as the three services write them: amounts exact, times in UTC with a `Z`."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

# json cannot print a Decimal as a number, so each is written as a marked string and the marks and quotes are
# taken off again. The mark is a private-use character, which no payload holds.
_MARK = "\ue000"
_MARKED_NUMBER = re.compile(r'"\\ue000(-?[0-9.]+)"')


def encode(value: Any) -> bytes:
    """JSON in which Decimal("25.00") is the number 25.00 and a datetime is an ISO string."""
    return _MARKED_NUMBER.sub(r"\1", json.dumps(value, default=_marked)).encode()


def _marked(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{_MARK}{value:f}"
    if isinstance(value, datetime):
        return timestamp(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def decode(body: bytes) -> Any:
    """Any JSON, fractions as Decimal.

    :raises ValueError: it is not JSON.
    """
    return json.loads(body, parse_float=Decimal)


def timestamp(at: datetime) -> str:
    """Mirakl's form: UTC with `Z`, milliseconds only where there are any."""
    at = at.astimezone(UTC)
    milliseconds = at.microsecond // 1000
    return f"{at:%Y-%m-%dT%H:%M:%S}" + (f".{milliseconds:03d}" if milliseconds else "") + "Z"


def moment(text: str) -> datetime:
    """The aware time of an ISO string.

    :raises ValueError: not a date-time, or one without an offset.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return at
