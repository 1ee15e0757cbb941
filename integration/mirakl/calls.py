"""What every Mirakl call shares: the shop it is for, the ways Mirakl pages, and items that do not fit."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from integration.answers import misfits
from integration.http import Operation, Reply, Transport
from integration.mirakl.wire.accounting import SeekPage
from integration.mirakl.wire.base import Wire

log = logging.getLogger(__name__)

IDS_PER_CALL = 100
"""More are refused: "The limit of 100 is exceeded for the parameter"."""

Item = TypeVar("Item", bound=Wire)
Params = Sequence[tuple[str, str]]


class Calls:
    """The base of the families of calls.

    :param shop_id: sent on every call; None for the default shop of the key's user.
    """

    def __init__(self, transport: Transport, shop_id: str | None = None) -> None:
        self._transport = transport
        self._shop = [] if shop_id is None else [("shop_id", shop_id)]

    def _call(
        self, operation: Operation, *, params: Params = (), counted: bool = True, **request: Any
    ) -> Reply:
        return self._transport.call(operation, params=[*self._shop, *params], counted=counted, **request)

    def _seek(
        self, operation: Operation, params: Params, *, counted: bool = True, pages_count: bool = False
    ) -> Iterator[list[dict[str, Any]]]:
        """Follow seek pagination to its end, a page at a time.

        :param counted: whether the first page counts against the ceiling.
        :param pages_count: whether the pages behind it do.
        """
        page = self._call(operation, params=params, counted=counted).read(SeekPage)
        yield list(page.data)
        tokens = set()
        while token := page.next_page_token:
            if token in tokens:
                raise operation.unanswered("its pages lead in a circle")
            tokens.add(token)
            # Filters are inside the token: Mirakl ignores all else beside it.
            page = self._call(operation, params=[("page_token", token)], counted=pages_count).read(SeekPage)
            yield list(page.data)


def readable(operation: Operation, documents: Iterable[Mapping[str, Any]], model: type[Item]) -> list[Item]:
    """The documents as models; one that does not fit is reported and left out, so that it delays no other."""
    items, unreadable = [], {}
    for document in documents:
        try:
            items.append(model.model_validate(document))
        except ValidationError as error:
            unreadable[document.get("id", document.get("order_id"))] = misfits(error)
    for key, misfit in unreadable.items():
        log.error("%s shows %s %s, which does not fit: %s", operation.code, model.__name__, key, misfit)
    return items


def instant(moment: datetime) -> str:
    """An aware moment as Mirakl takes it in a query: UTC, whole seconds, never later than the moment."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids, as many at a time as one call may name."""
    for start in range(0, len(ids), IDS_PER_CALL):
        yield ids[start : start + IDS_PER_CALL]
