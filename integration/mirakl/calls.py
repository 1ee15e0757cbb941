"""What every Mirakl call shares: the shop it is for, and the way Mirakl pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from integration.http import Operation, Reply, Transport
from integration.mirakl.wire.accounting import SeekPage
from integration.sweep import Sweep

IDS_PER_CALL = 100
"""More are refused: "The limit of 100 is exceeded for the parameter"."""

Params = Sequence[tuple[str, str]]


class Calls:
    """The base of the families of calls.

    :param shop_id: sent on every call; None for the default shop of the key's user.
    """

    def __init__(self, transport: Transport, shop_id: str | None = None) -> None:
        self._transport = transport
        self._shop = [] if shop_id is None else [("shop_id", shop_id)]

    def _call(self, operation: Operation, *, params: Params = (), counted: bool = True, **request: Any) -> Reply:
        return self._transport.call(operation, params=[*self._shop, *params], counted=counted, **request)

    def _seek(
        self, operation: Operation, params: Params, *, counted: bool = True, pages_count: bool = False
    ) -> Iterator[list[dict[str, Any]]]:
        """Follow seek pagination to its end, a page at a time.

        :param counted: whether the first page counts against the ceiling.
        :param pages_count: whether the pages behind it do.
        :raises Retryable: it leads in a circle, brings nothing new, or does not end; what came before is good.
        """
        page = self._call(operation, params=params, counted=counted).read(SeekPage)
        yield list(page.data)
        sweep = Sweep(operation, page.data)
        while token := page.next_page_token:
            sweep.goes_on(token)
            # Filters are inside the token: Mirakl ignores all else beside it.
            page = self._call(operation, params=[("page_token", token)], counted=pages_count).read(SeekPage)
            sweep.brings(page.data)
            yield list(page.data)


def batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids, as many at a time as one call may name."""
    for start in range(0, len(ids), IDS_PER_CALL):
        yield ids[start : start + IDS_PER_CALL]
