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

from pydantic import SecretStr, ValidationError
from tornado.web import stream_request_body

from integration.answers import decode
from integration.reveni.signature import HEADER, BadSignature, StaleSignature, verify
from integration.reveni.wire import WebhookEvent
from integration.web.answers import Answering
from integration.web.counts import OUTCOMES, WebhookCounts
from integration.web.storing import CannotBeKept, EventStore, NotStored

log = logging.getLogger(__name__)

LARGEST = 256 * 1024
"""Bytes of a body. Reveni's events have less than 2 KiB."""

LINGERS = 2.0
"""Seconds in which a body that is refused unread is still thrown away: who closes at once resets the connection, and
the sender may never read why."""

PATIENCE = 8.0
"""Seconds that the ledger may take. What is committed later is acknowledged when the sender tries again."""


RETRY_AFTER = 5
"""Seconds that a sender is asked to wait where its event could not be stored."""


@stream_request_body
class ReveniWebhook(Answering):
    """Takes the body in pieces, so that one that is too large is never held."""

    def initialize(self, *, store: EventStore, keys: Sequence[SecretStr], counts: WebhookCounts) -> None:
        self._store = store
        self._keys = keys
        self._counts = counts
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
        self.is_complete()
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
            self._accept("ignored")
            return
        await self._keep(event)

    async def _keep(self, event: WebhookEvent) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                new = await self._store.store(event)
        except CannotBeKept:
            self._refuse(HTTPStatus.BAD_REQUEST, "the event cannot be kept")
            return
        except (NotStored, TimeoutError) as failure:
            self._store.tell_unstored(failure)
            self._counts.add(OUTCOMES[HTTPStatus.SERVICE_UNAVAILABLE])
            self.set_header("Retry-After", str(RETRY_AFTER))
            self.answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "not stored, send it again"})
            return
        status = "stored" if new else "known"
        log.info("event %s %s", event.id, status, extra={"event": event.event, "resource_id": event.resource_id})
        self._accept(status)

    def _accept(self, status: str) -> None:
        self._counts.add(status)
        self.answer(HTTPStatus.ACCEPTED, {"status": status})

    async def _refuse_size(self) -> None:
        self._too_large = True
        self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has {LARGEST} bytes at the most")
        await self.flush()

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        log.warning("a delivery was refused with %d: %s", status, why)
        self._counts.add(OUTCOMES[status])
        self.answer(status, {"error": why})


def read_event(body: bytes) -> WebhookEvent:
    """The event in a body.

    :raises ValueError: it is not JSON, or no event, or one without ids that can be kept.
    """
    try:
        event = WebhookEvent.model_validate(decode(body))
    except ValidationError:  # it is a ValueError, and quotes what it read
        raise ValueError("the body is not an event") from None
    except ValueError:
        raise ValueError("the body is not JSON") from None
    if not event.can_be_kept:
        raise ValueError("the event does not say which, or about what, in words that can be kept")
    return event


def _announced(content_length: str) -> int:
    """0 for what is no number: Tornado refuses that as malformed."""
    try:
        return int(content_length)
    except ValueError:
        return 0
