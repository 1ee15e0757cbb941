"""What all answers have in common: short JSON that tells a stranger nothing about the inside."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from http import HTTPStatus
from types import TracebackType
from typing import Any

from tornado.web import HTTPError, RequestHandler

from integration.answers import encode
from integration.web.connections import mark_busy

log = logging.getLogger(__name__)


class Answering(RequestHandler):
    """A handler that answers in JSON, errors too, and is known to be running until it has answered."""

    def prepare(self) -> Awaitable[None] | None:
        self.settings["running"].add(self)
        if not getattr(self, "_stream_request_body", False):
            self.is_complete()
        return None

    def is_complete(self) -> None:
        """The whole request has arrived: from here on it is for us to make haste, and its connection is not closed."""
        mark_busy(self.request.connection)

    def on_finish(self) -> None:
        self.settings["running"].discard(self)

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self.settings["running"].discard(self)

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")

    def answer(self, status: int, document: dict[str, Any]) -> None:
        """Write the whole answer; it is sent when the handler returns, or flushes."""
        body = encode(document)
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.set_header("Content-Length", str(len(body)))
        self.write(body)

    def write_error(self, status_code: int, **_kwargs: Any) -> None:
        if status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join(self._methods()))
        self.answer(status_code, {"error": HTTPStatus(status_code).phrase.lower()})

    def log_exception(
        self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Without the request: an address may hold what does not belong into a log."""
        if value is not None and not isinstance(value, HTTPError):
            log.error("%s failed", type(self).__name__, exc_info=value)

    def compute_etag(self) -> None:
        """None: every answer is about this moment."""

    def _methods(self) -> list[str]:
        inherited = RequestHandler.get  # every verb that a handler leaves alone is this one function
        return [verb for verb in self.SUPPORTED_METHODS if getattr(type(self), verb.lower()) is not inherited]


class NotFound(Answering):
    """Every path that is nobody else's."""

    def prepare(self) -> None:
        super().prepare()
        raise HTTPError(HTTPStatus.NOT_FOUND)
