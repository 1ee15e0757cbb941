"""Reveni as Backhaul uses it: create and cancel returns, read verdicts, register webhooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from integration.http import Operation, Reply, Transport
from integration.reveni import operations
from integration.reveni.wire import CreatedReturn, NewReturn, ReturnsPage, ReveniReturn, Webhook, WebhooksPage
from integration.wire import instant, readable

EVENTS = ("return.created", "return.updated")


class Reveni:
    """One store. Takes and returns frozen models; may be called from any thread."""

    def __init__(self, transport: Transport, store_id: str) -> None:
        self._transport = transport
        self._store_id = store_id

    def create_return(self, new: NewReturn) -> CreatedReturn:
        """Create the twin of a Mirakl return. W1

        It takes no idempotency key: the same call again makes a second return.

        :raises Retryable: nothing was created.
        :raises Rejected: nothing was created; the message is withheld, since it may quote personal data.
        :raises OutcomeUnknown: it may exist: look among the order's returns (W2) first.
        """
        return self._call(operations.W1, json=new.document()).read(CreatedReturn)

    def return_(self, return_id: str) -> ReveniReturn:
        """A return as it is now, verdicts included. W3

        :raises Retryable: nothing was read.
        :raises Rejected: 404, this store has no such return.
        """
        return self._call(operations.W3, return_id=return_id).read(ReveniReturn)

    def returns_of_order(self, order_id: str) -> list[ReveniReturn]:
        """Every return of a Mirakl order. W2

        Whether a return exists is decided by this list, so one that does not fit fails it as a whole, and so does a
        page whose list is missing or null.

        :raises Retryable: nothing was read, or not all of it.
        """
        documents = [found for page in self._pages([("order_external_id", order_id)]) for found in page]
        returns = readable(operations.W2, documents, ReveniReturn)
        if len(returns) != len(documents):
            raise operations.W2.unanswered(f"a return of order {order_id} does not fit")
        return returns

    def returns_updated_since(self, moment: datetime) -> Iterator[list[ReveniReturn]]:
        """Returns that changed since then, oldest change first, a page at a time. W2

        :raises Retryable: a page cannot be read.
        """
        for page in self._pages([("updated_from", instant(moment))]):
            yield readable(operations.W2, page, ReveniReturn)

    def cancel_return(self, return_id: str) -> None:
        """End a return that nobody has judged. W5

        :raises Retryable: it is as it was.
        :raises Rejected: it is as it was, which may be canceled already: read it.
        :raises OutcomeUnknown: it may be canceled: read it.
        """
        self._call(operations.W5, return_id=return_id)

    def register_webhook(self, url: str) -> Webhook:
        """Have Reveni tell this address about returns. CREATE_WEBHOOK

        :raises Retryable, Rejected: none was registered.
        :raises OutcomeUnknown: one may be registered: list them.
        """
        body = {"event_types": list(EVENTS), "url": url}
        return self._call(operations.CREATE_WEBHOOK, json=body).read(Webhook)

    def list_webhooks(self) -> list[Webhook]:
        """The registered webhooks. LIST_WEBHOOKS

        Reveni documents no such call; it is assumed to look like W2.

        :raises Retryable: nothing was read.
        :raises Rejected: Reveni has no such call.
        """
        page = self._call(operations.LIST_WEBHOOKS).read(WebhooksPage)
        return readable(operations.LIST_WEBHOOKS, page.results, Webhook)

    def remove_webhook(self, webhook_id: str) -> None:
        """Remove a webhook. DELETE_WEBHOOK

        :raises Retryable: it is still there.
        :raises Rejected: 404, it is not there.
        :raises OutcomeUnknown: it may be gone.
        """
        self._call(operations.DELETE_WEBHOOK, webhook_id=webhook_id)

    def _pages(self, params: Sequence[tuple[str, str]]) -> Iterator[tuple[dict[str, Any], ...]]:
        seen = set()
        while True:
            page = self._call(operations.W2, params=params).read(ReturnsPage)
            yield page.results
            if page.next is None:
                return
            if page.next in seen:
                raise operations.W2.unanswered("its pages lead in a circle")
            seen.add(page.next)
            params = self._continuation(page.next)

    def _continuation(self, following: str) -> list[tuple[str, str]]:
        """The query of the next page. Its address is not followed: no answer chooses where our key goes."""
        try:
            url = urlsplit(following)
        except ValueError:
            raise operations.W2.unanswered("its next page is not an address") from None
        if url.hostname != urlsplit(self._transport.base_url).hostname:
            raise operations.W2.unanswered("its next page is on another host")
        return parse_qsl(url.query)

    def _call(self, operation: Operation, *, params: Any = None, json: Any = None, **path: str) -> Reply:
        return self._transport.call(operation, path={"store_id": self._store_id, **path}, params=params, json=json)
