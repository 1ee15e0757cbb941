"""`POST /webhooks/reveni`: an event is acknowledged when it stands in the ledger, and not before.

A sender that gets no 202 sends again, or the poll of W2 finds what it would have told; a 202 for nothing would be
believed. An event decides nothing by itself: its return is read back from Reveni.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from http import HTTPStatus
from queue import Full

from pydantic import SecretStr, ValidationError
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from tornado.web import stream_request_body

from integration.answers import decode
from integration.ledger.store import Ledger
from integration.reveni.signature import HEADER, BadSignature, StaleSignature, verify
from integration.reveni.wire import WebhookEvent
from integration.usecases.read_verdict import store_event
from integration.web.answers import Answering
from integration.web.threads import DaemonThreads

log = logging.getLogger(__name__)

LARGEST = 256 * 1024
"""Bytes of a body. Reveni's events have less than 2 KiB."""

LINGERS = 2.0
"""Seconds in which a body that is refused unread is still thrown away: who closes at once resets the connection, and
the sender may never read why."""

PATIENCE = 8.0
"""Seconds that the ledger may take. What is committed later is acknowledged when the sender tries again."""


@stream_request_body
class ReveniWebhook(Answering):
    """Takes the body in pieces, so that one that is too large is never held."""

    def initialize(self, *, ledger: Ledger, keys: Sequence[SecretStr], threads: DaemonThreads) -> None:
        self._ledger = ledger
        self._keys = keys
        self._threads = threads
        self._body = bytearray()
        self._too_large = False

    async def prepare(self) -> None:
        super().prepare()
        if self.request.method == "POST" and _announced(self.request.headers.get("Content-Length", "")) > LARGEST:
            # A request that is being read has its connection.
            self.request.connection.set_body_timeout(LINGERS)  # type: ignore[union-attr]
            await self._refuse_size()

    async def data_received(self, chunk: bytes) -> None:
        if self.request.method != "POST" or self._too_large:
            return
        self._body += chunk
        if len(self._body) > LARGEST:
            self._body.clear()
            await self._refuse_size()

    async def post(self) -> None:
        if self._too_large:
            return
        body = bytes(self._body)
        try:
            verify(
                self.request.headers.get(HEADER),
                body,
                [key.get_secret_value() for key in self._keys],
                now=time.time(),
            )
        except (BadSignature, StaleSignature) as refused:
            self._refuse(HTTPStatus.UNAUTHORIZED, str(refused))
            return
        try:
            event = read_event(body)
        except ValueError as refused:
            self._refuse(HTTPStatus.BAD_REQUEST, str(refused))
            return
        if event.resource != "return":
            self.answer(HTTPStatus.ACCEPTED, {"status": "ignored"})
            return
        await self._store(event)

    async def _store(self, event: WebhookEvent) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE):
                new = await loop.run_in_executor(self._threads, store_once, self._ledger, event)
        except (SQLAlchemyError, TimeoutError, Full) as failure:
            log.error("an event could not be stored: %s", type(failure).__name__, extra={"alert": "ledger_down"})
            self.answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "not stored, send it again"})
            return
        status = "stored" if new else "known"
        log.info("event %s %s", event.id, status, extra={"event": event.event, "resource_id": event.resource_id})
        self.answer(HTTPStatus.ACCEPTED, {"status": status})

    async def _refuse_size(self) -> None:
        self._too_large = True
        self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has {LARGEST} bytes at the most")
        await self.flush()

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        log.warning("a delivery was refused with %d: %s", status, why)
        self.answer(status, {"error": why})


def read_event(body: bytes) -> WebhookEvent:
    """The event in a body.

    :raises ValueError: it is not JSON, or no event with an id that can be kept, or about a return without one.
    """
    try:
        event = WebhookEvent.model_validate(decode(body))
    except ValidationError:  # it is a ValueError, and quotes what it read
        raise ValueError("the body is not an event") from None
    except ValueError:
        raise ValueError("the body is not JSON") from None
    ids = [event.id, event.event, *([event.resource_id or ""] if event.resource == "return" else [])]
    if not all(_can_be_kept(one) for one in ids):
        raise ValueError("the event does not say which, or about what")
    return event


def store_once(ledger: Ledger, event: WebhookEvent) -> bool:
    """Keep the event; False when it is kept already."""
    try:
        with ledger.write() as tx:
            return store_event(tx, event)
    except IntegrityError:  # another delivery of it was stored between our look and our insert
        with ledger.write() as tx:
            return store_event(tx, event)


def _announced(content_length: str) -> int:
    """0 for what is no number: Tornado refuses that as malformed."""
    try:
        return int(content_length)
    except ValueError:
        return 0


def _can_be_kept(word: str) -> bool:
    """A column holds 255 characters, and PostgreSQL no NUL; Reveni's ids are 32 hexadecimal digits."""
    return 0 < len(word) <= 255 and word.isascii() and word.isprintable()
