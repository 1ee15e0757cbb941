"""What an operation is and what its answer means: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import simplejson
from pydantic import BaseModel, ValidationError

from integration.errors import CredentialsRefused, OutcomeUnknown, Rejected, Retryable, TooManyCalls

UNTOLD_PAUSE = 5.0
"""Seconds to leave an operation alone, at the least, after a 429 that does not say how long."""

LONGEST_PAUSE = 900.0
"""Seconds. Whoever asks for a longer pause (an epoch date, a huge number) is looked in on after these all the same."""

LONGEST_MESSAGE = 300
LONGEST_NUMBER = 60
"""Digits. Nothing that is bought, counted or dated has more."""

MEBIBYTE = 2**20

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Ceiling:
    """A published maximum: so many calls in a window of so many seconds."""

    calls: int
    seconds: int


@dataclass(frozen=True)
class Operation:
    """One row of an API's table.

    :param code: the name the API's documentation gives it (OR28), or ours where it has none.
    :param path: below the base URL, with `{names}` that the call fills in.
    :param replay_safe: whether making it twice has the effect of making it once; only then is it repeated.
    :param ceilings: empty where none is published.
    :param source: the documentation page it was taken from.
    :param accepts: the media type of the answer.
    :param largest_body: bytes of an answer; what is longer is no answer.
    :param personal: its body carries a shopper's data, so the other side's words about it are not quoted.
    :param needs_role: a good key may lack the role for it (403): whoever calls it says what that means.
    """

    code: str
    verb: str
    path: str
    replay_safe: bool
    ceilings: tuple[Ceiling, ...] = ()
    source: str = ""
    accepts: str = "application/json"
    largest_body: int = 8 * MEBIBYTE
    personal: bool = False
    needs_role: bool = False

    def unanswered(self, why: str) -> Retryable | OutcomeUnknown:
        """The error for a call that may have arrived and has no trustworthy answer."""
        message = f"{self.code} has no trustworthy answer: {why}"
        return Retryable(message) if self.replay_safe else OutcomeUnknown(message)


@dataclass(frozen=True, repr=False)
class Reply:
    """A 2xx answer. Its body may hold personal data, so it has no repr of its own."""

    operation: Operation
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The decoded body, its numbers with decimals as Decimal.

        :raises Retryable: it is not JSON, and the operation is replay-safe.
        :raises OutcomeUnknown: it is not JSON, and the call was a write.
        """
        try:
            return decode(self.body)
        except ValueError:
            raise self.operation.unanswered("its body is not JSON") from None

    def text(self) -> str:
        """The body as UTF-8, without a byte order mark; bytes that are not UTF-8 are replaced."""
        return self.body.decode("utf-8-sig", errors="replace")

    def read(self, model: type[Model]) -> Model:
        """The body as a model.

        :raises Retryable: it does not fit, and the operation is replay-safe.
        :raises OutcomeUnknown: it does not fit, and the call was a write.
        """
        try:
            return model.model_validate(self.json())
        except ValidationError as error:
            raise self.operation.unanswered(f"its body does not fit: {misfits(error)}") from None


def decipher(operation: Operation, status: int, headers: Mapping[str, str], body: bytes) -> Reply:
    """Read what an answer means.

    :param headers: looked up case-insensitively where the caller's mapping does so.
    :raises TooManyCalls: 429.
    :raises Retryable: no trustworthy answer to a replay-safe call.
    :raises CredentialsRefused: 401 or 403.
    :raises Rejected: any other 4xx.
    :raises OutcomeUnknown: no trustworthy answer (3xx, 408, 5xx) to a write.
    """
    if 200 <= status < 300:
        return Reply(operation, status, headers, body)
    if status == 429:
        asked = _pause_asked(headers)
        pause = UNTOLD_PAUSE if asked is None else asked
        raise TooManyCalls(f"{operation.code}: 429, too many calls", retry_after=pause, told=asked is not None)
    if status in {401, 403}:
        raise CredentialsRefused(f"{operation.code}: {status}, the key or its role is refused")
    # 408 comes from a server that gave up waiting: how much it had read by then, it does not say.
    if 400 <= status < 500 and status != 408:
        code, message = _complaint(body)
        if operation.personal:
            message = ""
        raise Rejected(message or f"{operation.code} was refused with {status}", status=status, code=code)
    raise operation.unanswered(f"status {status}")


def encode(document: Any) -> bytes:
    """JSON in UTF-8; a Decimal is written as a number with its own decimals (25.00 stays 25.00)."""
    return simplejson.dumps(document, use_decimal=True, allow_nan=False, ensure_ascii=False).encode()


def decode(body: bytes) -> Any:
    """JSON, its numbers with decimals as Decimal; a number beyond all reason as the text that it is.

    So it does not fit where a number is expected, and spoils nothing else. Converted, `1e99999999` would be an integer
    of a hundred million digits.

    :raises ValueError: it is not JSON.
    """
    try:
        return simplejson.loads(body, parse_float=_number, parse_int=_whole_number)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ArithmeticError:  # an exponent that no Decimal has is no ValueError
        raise ValueError("a number that cannot be read") from None


def _number(text: str) -> Decimal | str:
    number = Decimal(text)
    return number if len(text) <= LONGEST_NUMBER and abs(number.adjusted()) <= LONGEST_NUMBER else text


def _whole_number(text: str) -> int | str:
    return int(text) if len(text) <= LONGEST_NUMBER else text


def misfits(error: ValidationError) -> str:
    """Where a document does not fit and how, without the values, which may be personal data."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    return ", ".join(f"{'.'.join(map(str, p['loc']))} ({p['type']})" for p in problems[:5])


def _pause_asked(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: Retry-After (seconds or a date), or BigCommerce's X-Rate-Limit-Time-Reset-Ms.

    Between 0 and `LONGEST_PAUSE`, whatever is asked for.
    """
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked), LONGEST_PAUSE)
    milliseconds = headers.get("X-Rate-Limit-Time-Reset-Ms", "").strip()
    if milliseconds.isascii() and milliseconds.isdigit():
        return min(float(milliseconds) / 1000, LONGEST_PAUSE)
    try:
        # Both by the other side's clock, so that ours does not matter.
        pause = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(pause.total_seconds(), 0.0), LONGEST_PAUSE)


def _complaint(body: bytes) -> tuple[str | None, str]:
    """The machine code and the words of a refusal.

    Mirakl: `{"message", "status"}`, since 2024 some with `code` or `errors[]`. Reveni W6: `{"detail"}` or
    `{"<field>": ["…"]}`. BigCommerce: `{"title", "errors"}`.
    """
    try:
        said = decode(body)
    except ValueError:
        return None, ""
    if not isinstance(said, dict):
        return None, ""
    errors = said.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = _word(said.get("code")) or _word(first.get("code"))
    candidates = (said.get("message"), said.get("detail"), first.get("message"), said.get("title"))
    message = next(filter(None, map(_word, candidates)), None) or _writable(simplejson.dumps(said, use_decimal=True))
    return code, message[:LONGEST_MESSAGE]


def _word(value: Any) -> str | None:
    """Text that every database and every log can hold: without NUL, and without half of a surrogate pair."""
    return _writable(value) if isinstance(value, str) and value else None


def _writable(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()
