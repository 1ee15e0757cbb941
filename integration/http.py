"""Foreign calls: one row per operation, one session per process, and a pure reading of what an answer means.

The only importer of requests. A call ends in a `Reply` or in exactly one of `Retryable` (nothing was done),
`CredentialsRefused`, `Rejected` (refused, no effect) and `OutcomeUnknown` (a write that may have happened).
"""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from time import monotonic
from typing import Any, Protocol
from urllib.parse import quote

import requests
import tenacity
import urllib3
from requests.adapters import HTTPAdapter

from integration.answers import Ceiling, Operation, Reply, decipher, encode
from integration.departure import POOLS, Departure, NotSent
from integration.errors import BackhaulError, CredentialsRefused, Retryable, TooManyCalls

__all__ = ["Ceiling", "Gate", "Operation", "Reply", "Transport", "decipher"]

log = logging.getLogger(__name__)

LONGEST_PAUSE = 3.0
"""Seconds. What is to be waited for longer is a date for the caller, not a sleeping worker."""

TOO_SLOW = "not whole when its time was over"

Params = Mapping[str, str] | Sequence[tuple[str, str]]
Files = Mapping[str, tuple[str, bytes, str]]


class Gate(Protocol):
    """The published call frequencies and the pauses that were asked for, kept by the whole fleet."""

    def admit(self, operation: Operation, *, counted: bool = True) -> None:
        """Let one call pass, and count it where it counts.

        :raises Retryable: while the operation is closed, with the seconds until it opens.
        """

    def arrived(self, operation: Operation) -> None:
        """The counted call has certainly reached the other side by now, or will never: its interval begins here."""

    def close(self, operation: Operation, seconds: float) -> float:
        """Keep the operation closed, counted or not, since a 429 asked for so many seconds; how many it will be."""

    def answered(self, operation: Operation, system: str, status: int | None) -> None:
        """What came back to a call, None for no trustworthy answer: what is refused, or fails for long, is told."""


@dataclass(frozen=True)
class _Request:
    url: str
    params: Params | None
    body: bytes | None
    files: Files | None


class Transport:
    """Carries calls to one API. Safe for threads and across a fork: a process opens connections of its own.

    :param system: whose API it is, in a word: `mirakl`.
    :param headers: sent on every call; they hold the key, so they are shown nowhere.
    :param gate: asked before every counted call.
    :param deadline: seconds for a call from its start to its last byte, repetitions included.
    :param connect_timeout: seconds for a connection to be opened.
    :param attempts: how often a call is made at most. A write, and a read that counts against a ceiling, is made
        again only if it has provably not left.
    :param ca_file: certificate authorities (PEM) that are trusted besides the usual ones.
    """

    def __init__(
        self,
        *,
        base_url: str,
        headers: Mapping[str, str],
        system: str = "",
        gate: Gate | None = None,
        deadline: float = 20.0,
        connect_timeout: float = 3.0,
        attempts: int = 3,
        pool_size: int = 16,
        ca_file: Path | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._headers = dict(headers)
        self._system = system
        self._gate = gate
        self._deadline = deadline
        self._connect_timeout = connect_timeout
        self._attempts = attempts
        self._pool_size = pool_size
        self._ca_file = ca_file
        self._opened: tuple[int, requests.Session] | None = None

    def call(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        params: Params | None = None,
        json: Any = None,
        files: Files | None = None,
        counted: bool = True,
    ) -> Reply:
        """Make one call and read what its status means.

        :param path: values for the names in the operation's path.
        :param json: the body; a Decimal in it goes out as a JSON number with its own decimals.
        :param files: a multipart body: field → (file name, content, media type).
        :param counted: whether the call counts against the operation's published ceiling.
        :raises Retryable: nothing was done (never left, 429, or a read without an answer).
        :raises CredentialsRefused: 401 or 403; nothing was done.
        :raises Rejected: any other 4xx; it has had no effect.
        :raises OutcomeUnknown: a write left this machine, and no trustworthy answer came back.
        """
        names = {name: quote(value, safe="") for name, value in (path or {}).items()}
        url = self.base_url + operation.path.format_map(names)
        request = _Request(url, params, None if json is None else encode(json), files)
        until = monotonic() + self._deadline
        if self._gate is not None:
            self._gate.admit(operation, counted=counted)
        # The repetition of a call that counts would count too.
        repeatable = operation.replay_safe and not (counted and operation.ceilings)
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts) | tenacity.stop_before_delay(self._deadline),
            wait=_pause,
            retry=tenacity.retry_if_exception(_is_brief if repeatable else _has_not_left),
            reraise=True,
        )
        try:
            return retrying(self._attempt, operation, request, until)
        finally:
            if counted and self._gate is not None:
                self._gate.arrived(operation)

    def _attempt(self, operation: Operation, request: _Request, until: float) -> Reply:
        started = monotonic()
        try:
            status, headers, body = self._exchange(operation, request, until)
        except BackhaulError:
            self._tell(operation, None)
            raise
        log.debug("%s %d in %.0f ms", operation.code, status, (monotonic() - started) * 1000)
        self._tell(operation, status)
        try:
            return decipher(operation, status, headers, body)
        except TooManyCalls as refusal:
            if refusal.retry_after is not None and self._gate is not None:
                refusal.retry_after = self._gate.close(operation, refusal.retry_after)
            raise

    def _tell(self, operation: Operation, status: int | None) -> None:
        """Whatever becomes of the telling, the call has come to what it has come to."""
        if self._gate is None:
            return
        try:
            self._gate.answered(operation, self._system, status)
        except Exception as failure:
            log.warning("how %s was answered was not noted: %s", operation.code, type(failure).__name__)

    def _exchange(self, operation: Operation, request: _Request, until: float) -> tuple[int, Mapping[str, str], bytes]:
        left = max(until - monotonic(), 0.001)
        with Departure(until=until) as departure:
            try:
                with self._session().request(
                    operation.verb,
                    request.url,
                    params=request.params,
                    data=request.body,
                    files=request.files,
                    headers=_content_headers(operation, request),
                    timeout=(min(self._connect_timeout, left), left),
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    body = response.raw.read(operation.largest_body + 1, decode_content=True)
                    status, headers = response.status_code, response.headers
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                if not departure.may_have_left:
                    raise NotSent(f"{operation.code} was not sent: {_cause(error)}") from error
                cause = TOO_SLOW if departure.cut else _cause(error)
                raise operation.unanswered(cause) from error
        if departure.cut:  # a body that ends where the connection was cut can look complete
            raise operation.unanswered(TOO_SLOW)
        if len(body) > operation.largest_body:
            raise operation.unanswered(f"an answer of more than {operation.largest_body} bytes")
        return status, headers, body

    def _session(self) -> requests.Session:
        if self._opened is None or self._opened[0] != os.getpid():
            session = requests.Session()
            # Neither a proxy of the environment nor a .netrc, which would replace the key, gets a say.
            session.trust_env = False
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            session.headers.update(self._headers)
            session.mount("http://", _Adapter(self._pool_size))
            session.mount("https://", _Adapter(self._pool_size, self._ca_file))
            self._opened = (os.getpid(), session)
        return self._opened[1]


class _Adapter(HTTPAdapter):
    """No retries below us, and connections that tell whether a request may have left."""

    def __init__(self, pool_size: int, ca_file: Path | None = None) -> None:
        self._ca_file = ca_file
        super().__init__(pool_connections=1, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._ca_file is not None:  # each connection adds the usual authorities to it
            context: ssl.SSLContext = urllib3.util.create_urllib3_context()
            context.load_verify_locations(self._ca_file)
            kwargs["ssl_context"] = context
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS


def _content_headers(operation: Operation, request: _Request) -> dict[str, str]:
    headers = {"Accept": operation.accepts}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    return headers


def _cause(error: BaseException) -> str:
    """What went wrong below, by its class: its text may hold an address with a query."""
    below = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    return type(getattr(below, "reason", None) or below).__name__


def _has_not_left(error: BaseException) -> bool:
    return isinstance(error, NotSent)


def _is_brief(error: BaseException) -> bool:
    # Refused credentials stay refused within seconds.
    if not isinstance(error, Retryable) or isinstance(error, CredentialsRefused):
        return False
    return (error.retry_after or 0.0) <= LONGEST_PAUSE


_jitter = tenacity.wait_random_exponential(multiplier=0.1, max=2)


def _pause(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return max(getattr(error, "retry_after", None) or 0.0, _jitter(state))
