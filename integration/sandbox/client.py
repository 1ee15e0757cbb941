"""A typed client of the control API, for tests, the demo and the benchmark. Safe to share between threads."""

from __future__ import annotations

import http.client
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from integration.sandbox.wire import decode, encode


class ControlRefused(Exception):
    """The sandbox did not understand, or cannot do, what it was told."""


class SandboxClient:
    """Amounts go in as Decimal or string and come back as Decimal; ids are strings."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._address = urlsplit(url).netloc

    def environment(self, *, bigcommerce: bool = False) -> dict[str, str]:
        """The settings that point a fleet at this sandbox."""
        variables: dict[str, str] = self._act("environment", url=self.url, bigcommerce=bigcommerce)
        return variables

    def reset(self) -> None:
        """Forget everything: orders, books, faults, webhooks."""
        self._act("reset")

    # The marketplace.

    def seed_order(self, *, lines: Sequence[Mapping[str, Any]], **facts: Any) -> str:
        """Place one order and return its id; the facts are those of `mirakl.seeding.seed_order`."""
        order_id: str = self._act("seed_order", spec={**facts, "lines": list(lines)})
        return order_id

    def seed_orders(self, count: int, **facts: Any) -> list[str]:
        """Place so many orders of one line each."""
        order_ids: list[str] = self._act("seed_orders", count=count, **facts)
        return order_ids

    def set_order_state(self, order_id: str, state: str) -> None:
        self._act("set_order_state", order_id=order_id, state=state)

    def ship(self, order_id: str) -> None:
        self.set_order_state(order_id, "SHIPPED")

    def receive(self, order_id: str) -> None:
        self.set_order_state(order_id, "RECEIVED")

    def close_order(self, order_id: str) -> None:
        self.set_order_state(order_id, "CLOSED")

    def cancel_order(self, order_id: str) -> None:
        self.set_order_state(order_id, "CANCELED")

    def cancel_units(
        self,
        order_line_id: str,
        quantity: int,
        *,
        shows_reduced_quantity: bool = False,
        shipping_amount: Decimal | str = "0",
    ) -> None:
        """Cancel units of a line: its price drops, and its `quantity` where that is shown."""
        self._act(
            "cancel_units",
            order_line_id=order_line_id,
            quantity=quantity,
            shows_reduced_quantity=shows_reduced_quantity,
            shipping_amount=shipping_amount,
        )

    def open_return(
        self,
        order_id: str,
        lines: Sequence[Mapping[str, Any]],
        *,
        state: str = "WAITING_ACCEPTANCE",
        reason_code: str | None = None,
    ) -> str:
        """Open a Mirakl return of lines `{order_line_id, quantity, reason_code}` and return its id."""
        return_id: str = self._act(
            "open_return", order_id=order_id, lines=list(lines), state=state, reason_code=reason_code
        )
        return return_id

    def set_return_state(self, return_id: str, state: str) -> None:
        self._act("set_return_state", return_id=return_id, state=state)

    def cancel_return(self, return_id: str) -> None:
        """The shopper changes their mind about the return."""
        self.set_return_state(return_id, "CANCELED")

    def change_return(
        self,
        return_id: str,
        *,
        lines: Sequence[Mapping[str, Any]] | None = None,
        tracking_number: str | None = None,
    ) -> None:
        """Have RT11 show other lines, or where the parcel is."""
        self._act(
            "change_return",
            return_id=return_id,
            lines=None if lines is None else list(lines),
            tracking_number=tracking_number,
        )

    def set_reasons(self, reasons: Sequence[Mapping[str, Any]]) -> None:
        """Replace RE01: `{code, label, type, is_shop_right}`."""
        self._act("set_reasons", reasons=list(reasons))

    def set_configuration(self, over: Mapping[str, Any]) -> None:
        """Lay settings over PC01, such as `{"features": {"order_tax_mode": "TAX_EXCLUDED"}}`."""
        self._act("set_configuration", over=dict(over))

    def set_balance(self, *, pending: Decimal | str | None = None, payable: Decimal | str | None = None) -> None:
        """What OR28 may draw on before the order is received, and after."""
        self._act("set_balance", pending=pending, payable=payable)

    # Money.

    def refund_externally(
        self,
        order_line_id: str,
        *,
        amount: Decimal | str,
        shipping_amount: Decimal | str = "0",
        reason_code: str = "17",
        quantity: int = 1,
    ) -> str:
        """A person refunds a line in the back office; returns the refund's id."""
        refund_id: str = self._act(
            "refund_externally",
            order_line_id=order_line_id,
            amount=amount,
            shipping_amount=shipping_amount,
            reason_code=reason_code,
            quantity=quantity,
        )
        return refund_id

    def erase_refund(self, refund_id: str) -> None:
        """Let a refund disappear from OR11 and TL02."""
        self._act("erase_refund", refund_id=refund_id)

    def close_billing_cycle(self, *, payout_state: str = "PAID", reference: str | None = None) -> str:
        """Settle every payable transaction line and return the id of the billing cycle."""
        cycle_id: str = self._act("close_billing_cycle", payout_state=payout_state, reference=reference)
        return cycle_id

    def alter_transaction(self, refund_id: str, kind: str, *, by: Decimal | str) -> None:
        """Change one TL02 line of a refund, such as `REFUND_COMMISSION_FEE`, by an amount."""
        self._act("alter_transaction", refund_id=refund_id, kind=kind, by=by)

    # Stock.

    def seed_offers(self, stock: Mapping[str, int], *, live: bool = True) -> None:
        """Put SKUs on sale; one that is not live is refused by STO01 until it is."""
        self._act("seed_offers", stock=dict(stock), live=live)

    def sell_units(self, sku: str, quantity: int = 1) -> None:
        self._act("sell_units", sku=sku, quantity=quantity)

    def set_product_live(self, sku: str, *, live: bool = True) -> None:
        self._act("set_product_live", sku=sku, live=live)

    def set_bigcommerce_levels(self, stock: Mapping[str, int]) -> None:
        self._act("set_bigcommerce_levels", stock=dict(stock))

    def set_bigcommerce_refusal(self, sku: str, refusal: str | None) -> None:
        """Have adjustments refused with 422: `absolute_first`, `tracked_by_product`, or None."""
        self._act("set_bigcommerce_refusal", sku=sku, refusal=refusal)

    # The warehouse and Reveni's webhooks.

    def judge(
        self,
        return_id: str,
        order_line_id: str,
        *,
        accepted: int = 0,
        rejected: int = 0,
        reject_reason: str | None = None,
        restock: bool | None = None,
        restocked_quantity: int | None = None,
        received_sku: str | None = None,
        for_review: bool | None = None,
        item: int = 0,
    ) -> None:
        """Judge units of one item of a Reveni return, found by its own id or by the Mirakl return's.

        `accepted` and `rejected` add to what was judged before; `restocked_quantity` is the new total.
        """
        verdict = {
            "accepted": accepted,
            "rejected": rejected,
            "reject_reason": reject_reason,
            "restock": restock,
            "restocked_quantity": restocked_quantity,
            "received_sku": received_sku,
            "for_review": for_review,
        }
        self._act("judge", return_id=return_id, order_line_id=order_line_id, verdict=verdict, item=item)

    def split_item(self, return_id: str, order_line_id: str, quantity: int) -> None:
        """A person in Reveni makes an item of its own of so many units of a line's first item."""
        self._act("split_item", return_id=return_id, order_line_id=order_line_id, quantity=quantity)

    def set_reveni_return(self, return_id: str, **changes: Any) -> None:
        """Change type, mode, currency, refunds or fixed_status of a Reveni return."""
        self._act("set_reveni_return", return_id=return_id, changes=changes)

    def set_deliveries_per_event(self, times: int) -> None:
        """0 loses every webhook from now on, 2 sends each one twice, 1 is as usual."""
        self._act("set_deliveries_per_event", times=times)

    def send_webhook(self, return_id: str, **facts: Any) -> str:
        """Send an event, return its id; facts: event, times, key (forged), age (stale), event_id (again)."""
        event_id: str = self._act("send_webhook", return_id=return_id, **facts)
        return event_id

    # Faults and books.

    def add_fault(self, operation: str, kind: str, **facts: Any) -> None:
        """Have calls of an operation go wrong; kinds and facts are those of `faults.Fault`."""
        self._act("add_fault", operation=operation, kind=kind, **facts)

    def clear_faults(self) -> None:
        self._act("clear_faults")

    def set_latency(self, seconds: float) -> None:
        """Every foreign call takes so much longer (real seconds)."""
        self._act("set_latency", seconds=seconds)

    def books(self) -> dict[str, Any]:
        """What really happened; the keys are those of `acts.observation.books`."""
        books: dict[str, Any] = self._act("books")
        return books

    def calls(self, operation: str | None = None) -> list[dict[str, Any]]:
        """Every call in order: operation, at (this machine's monotonic seconds), request, body, status."""
        return [{**call, "at": float(call["at"])} for call in self._act("calls", operation=operation)]

    def _act(self, act: str, **facts: Any) -> Any:
        connection = http.client.HTTPConnection(self._address, timeout=30)
        try:
            connection.request("POST", f"/sandbox/{act}", encode(facts))
            response = connection.getresponse()
            result = decode(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise ControlRefused(f"{act}: {result['error']}")
        return result
