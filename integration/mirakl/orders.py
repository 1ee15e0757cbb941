"""Orders: OR11, OR21, OR75."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from integration.domain import orders as facts
from integration.errors import Retryable
from integration.http import Transport
from integration.mirakl import operations
from integration.mirakl.calls import Calls, batches
from integration.mirakl.wire.orders import Order, OrdersPage, Shopper
from integration.mirakl.wire.platform import TaxesAnswer
from integration.wire import readable

log = logging.getLogger(__name__)

PAGE = 100
"""Orders on a page: OR11's maximum."""

SWEEP_PASSES = 5
"""Passes of one sweep over pages that move. What is found even then waits for the next sweep."""

MOST_PAGES = 100
"""Pages of one sweep, whatever `total_count` says: ten thousand orders that wait at once. The rest is left to the next
sweep."""

LONGEST_SWEEP = 120.0
"""Seconds after which a sweep asks for no more pages."""

_FIRST = datetime.min.replace(tzinfo=UTC)


class OrderCalls(Calls):
    """Calls about orders.

    :param tier: `shop`, or `external_partner`, whose sweeps may come every 15 minutes only.
    """

    def __init__(self, transport: Transport, shop_id: str | None = None, *, tier: str = "shop") -> None:
        super().__init__(transport, shop_id)
        external = tier == "external_partner"
        self._sweep = operations.OR11_EXTERNAL_PARTNER if external else operations.OR11

    def waiting_orders(self) -> list[facts.Order]:
        """Every order that waits for acceptance, oldest first. OR11

        One sweep, which counts once. An order that is accepted meanwhile leaves the list, and those behind it
        move forward, past a reader who goes forward too; so the first page is followed by the last, and then
        backwards. Where pages moved, it reads again until nothing new is found. A page that fails ends the
        sweep early: the orders read so far need not wait for it. One order can be left to the next sweep: a lone
        one that moved to the front, which only a second reading from the front would show.

        :raises Retryable: the ceiling is closed, or the first page cannot be read.
        """
        first = self._waiting_page(0, counted=True)
        seen = _by_id(first)
        try:
            self._read_behind(first, seen)
        except Retryable as failure:
            log.warning("the OR11 sweep ended after %d orders: %s", len(seen), failure)
        orders = [order.facts() for order in readable(self._sweep, seen.values(), Order)]
        return sorted(orders, key=lambda order: order.created_date or _FIRST)

    def _read_behind(self, first: OrdersPage, seen: dict[str, dict[str, Any]]) -> None:
        leaders = _by_id(first).keys()
        total, lowest = _total(first), PAGE
        pages = iter(range(MOST_PAGES))
        until = monotonic() + LONGEST_SWEEP
        for _ in range(SWEEP_PASSES):
            known, moved, front = len(seen), False, {}
            offset = _last_offset(lowest, total)
            while offset >= lowest:
                if next(pages, None) is None or monotonic() > until:
                    log.warning("the OR11 sweep ended after %d orders: it shows %d in all", len(seen), total)
                    return
                page = self._waiting_page(offset)
                moved |= _total(page) != total
                total, front = _total(page), _by_id(page)
                seen |= front
                # Nothing there: the list is shorter than it says, so its end is looked for in the middle.
                offset = offset - PAGE if front else min(offset - PAGE, _last_offset(lowest, (lowest + offset) // 2))
            again = lowest == 1
            if again and total > 1 and leaders.isdisjoint(front):
                # All of the first page may have gone, so whoever is first now may not have been seen.
                seen |= _by_id(self._waiting_page(max(1, total - PAGE), order="desc"))
            if (not moved and len(seen) >= total) or (again and len(seen) == known):
                return
            # From 1: a call from 0 would look like a second sweep, and the first order is most likely known. Where it
            # is not, it is the last one of the list turned round.
            lowest = 1

    def _waiting_page(self, offset: int, *, order: str = "asc", counted: bool = False) -> OrdersPage:
        params = [
            ("order_state_codes", "WAITING_ACCEPTANCE"),
            ("sort", "dateCreated"),
            ("order", order),
            ("max", str(PAGE)),
            ("offset", str(offset)),
        ]
        return self._call(self._sweep, params=params, counted=counted).read(OrdersPage)

    def orders(self, order_ids: Sequence[str], tax_mode: str | None = None) -> list[facts.Order]:
        """These orders as they are now; one that this key may not see is left out. OR11

        Never counts against the ceiling.

        :param tax_mode: how amounts are to be expressed; None for the platform's default.
        :raises Retryable: nothing was read.
        """
        mode = [] if tax_mode is None else [("order_tax_mode", tax_mode)]
        found = [order for batch in batches(order_ids) for order in self._by_ids(batch, mode)]
        return [order.facts() for order in readable(self._sweep, found, Order)]

    def shopper(self, order_id: str) -> Shopper:
        """Who returns the goods: personal data, for Reveni only. OR11

        :raises Retryable: nothing was read, or Mirakl does not show the order.
        """
        shown = [order for order in self._by_ids([order_id], []) if order.get("order_id") == order_id]
        shoppers = readable(self._sweep, shown, Shopper)
        if not shoppers:
            raise Retryable(f"OR11 does not show the shopper of order {order_id}")
        return shoppers[0]

    def _by_ids(self, order_ids: Sequence[str], params: Sequence[tuple[str, str]]) -> tuple[dict[str, Any], ...]:
        named = [("order_ids", ",".join(order_ids)), ("max", str(PAGE)), *params]
        return self._call(self._sweep, params=named, counted=False).read(OrdersPage).orders

    def accept_order(self, order_id: str, accepted: Mapping[str, bool]) -> None:
        """Accept (True) or refuse (False) each line of an order, all of which must be named. OR21

        Not repeatable: an order that is past WAITING_ACCEPTANCE refuses it.

        :raises Retryable: the order is as it was.
        :raises Rejected: the order is as it was, which may be accepted already: read it.
        :raises OutcomeUnknown: it may be accepted, and the shopper debited: read it.
        """
        lines = [{"id": line, "accepted": decision} for line, decision in accepted.items()]
        reply = self._call(operations.OR21, path={"order_id": order_id}, json={"order_lines": lines})
        if reply.status != 204:  # some page of somebody in between
            raise operations.OR21.unanswered(f"status {reply.status} instead of 204")

    def taxes(self) -> dict[str, str]:
        """How Mirakl treats each tax in a refund: code → PROPORTIONAL_TO_AMOUNT or NONE. OR75

        :raises Retryable: nothing was read, or the ceiling (once a day) is closed.
        """
        answer = self._call(operations.OR75).read(TaxesAnswer)
        return {tax.code: tax.tax_calculation_rule for tax in answer.taxes if tax.tax_calculation_rule}


def _total(page: OrdersPage) -> int:
    """How many orders are looked for: what the page says, which is not below what it shows, nor without a limit."""
    shown = len(page.orders) + (PAGE if page.total_count < len(page.orders) else 0)
    return min(max(page.total_count, shown), MOST_PAGES * PAGE)


def _last_offset(lowest: int, total: int) -> int:
    """Where the last page of so many begins; below `lowest` where there is none."""
    return lowest + (total - lowest - 1) // PAGE * PAGE


def _by_id(page: OrdersPage) -> dict[str, dict[str, Any]]:
    return {str(order.get("order_id")): order for order in page.orders}
