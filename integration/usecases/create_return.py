"""Make the twin of a Mirakl return in Reveni (W1), with Mirakl's prices and the mapped reasons, unless it is there.

The shopper's name and e-mail pass through: they are read when they are needed and kept nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar

from integration.domain.orders import Order, Waits, active_units
from integration.domain.returns import ENDED
from integration.errors import Held, Rejected, Retryable
from integration.ledger.returns import get_return, lines_of, lock_return
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, ReturnLineRow, ReturnRow
from integration.mirakl.wire import Shopper
from integration.reveni.wire import Customer, NewReturn, NewReturnItem, NewReturnOrder, ReveniReturn
from integration.usecases.acts import Act, AlreadyThere
from integration.usecases.advance_return import advance, hold_step, read_again
from integration.usecases.fetch_order import fetch_order
from integration.usecases.find_twin import find_twin
from integration.usecases.ports import Ports
from mappings import Skus

FOUR_DECIMALS = Decimal("0.0001")
"""`unit_price` is a four-decimal string (Reveni W1)."""


NOT_KNOWN_FOR = 86_400.0
"""Seconds after a sending without an answer in which Reveni's list is read again; then a person is asked."""


@dataclass(frozen=True)
class Twin:
    """What goes to Reveni, the offers that its items are (for the restock later), and the version of `skus.csv`."""

    body: NewReturn
    offer_skus: dict[str, str | None]
    mapping_version: str


@dataclass(frozen=True)
class Created:
    """The twin: made by the call just answered, or found in Reveni. `reveni_return_id` None: none is made any more.

    `judged`: Reveni had judged units of it before this ledger sent anything.
    """

    reveni_return_id: str | None
    offer_skus: dict[str, str | None]
    found: bool = False
    judged: bool = False


class CreateReturn(Act[Twin, Created]):
    """W1 takes no idempotency key: the order's returns (W2) are read before the first sending and after a lost answer.

    A twin that is there already is taken for ours, and its verdict is read: it may have spoken while nobody knew it.
    """

    kind: ClassVar[str] = "create_return"
    queue: ClassVar[str] = "reason-mapping"
    review_kind: ClassVar[str] = "return"
    withheld_in_recovery: ClassVar[bool] = True

    def prepare(self, ports: Ports, intent: Intent) -> Twin:
        with ports.ledger.read() as tx:
            row, lines = get_return(tx, intent.subject), lines_of(tx, intent.subject)
        if row is None:
            raise Held("return_not_in_ledger", f"Return {intent.subject} is not in the ledger.")
        if any(line.reveni_reason is None for line in lines):
            raise Waits("reasons_not_mapped_yet")  # the lines changed on Mirakl since this was promised
        order, tables = fetch_order(ports, row.order_id), ports.mappings.current()
        offer_skus = {line.order_line_id: line.offer_sku for line in order.lines}
        self._if_there(ports, row, intent, offer_skus)
        items = tuple(_item(order, line, tables.skus) for line in lines)
        shopper = ports.mirakl.shopper(row.order_id)
        body = NewReturn(external_id=intent.subject, order=_order(order, shopper), return_items=items)
        return Twin(body, offer_skus, tables.version)

    def _if_there(self, ports: Ports, row: ReturnRow, intent: Intent, offer_skus: dict[str, str | None]) -> None:
        """:raises AlreadyThere: its twin is in Reveni, or none is made since the return has ended on Mirakl."""
        there = find_twin(ports, return_id=row.return_id, order_id=row.order_id)
        if there is not None:
            judged = _is_judged(there) and intent.sends == 0
            raise AlreadyThere(Created(there.id, offer_skus, found=True, judged=judged))
        if row.mirakl_state not in ENDED:
            return
        if row.taken_up_at is not None:
            raise Held(
                "not_in_reveni",
                f"Return {row.return_id} is {row.mirakl_state} on Mirakl, and Reveni holds no return for it: no "
                "verdict says what is due. Settle it by hand.",
            )
        raise AlreadyThere(Created(None, offer_skus))

    def plan(self, intent: Intent, prepared: Twin) -> Facts:
        return {
            "order_id": prepared.body.order.external_id,
            "items": [item.model_dump(mode="json") for item in prepared.body.return_items],
            "offer_skus": prepared.offer_skus,
            "mapping_version": prepared.mapping_version,
        }

    def send(self, ports: Ports, prepared: Twin) -> Created:
        return Created(ports.reveni.create_return(prepared.body).id, prepared.offer_skus)

    def read_back(self, ports: Ports, intent: Intent) -> Created | None:
        try:
            there = find_twin(ports, return_id=intent.subject, order_id=intent.plan["order_id"])
        except Retryable as not_known:
            _ask_a_person_in_the_end(ports, intent, not_known)
            raise
        return None if there is None else Created(there.id, intent.plan["offer_skus"], found=True)

    def evidence(self, intent: Intent, answer: Created) -> Facts:
        return {"reveni_return_id": answer.reveni_return_id, "already_there": answer.found}

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: Created) -> None:
        row = lock_return(tx, intent.subject)
        if row is None:
            raise Held("return_not_in_ledger", f"Return {intent.subject} is not in the ledger.")
        row.reveni_return_id, row.judged_before_us = answer.reveni_return_id, answer.judged
        for line in lines_of(tx, intent.subject):
            line.offer_sku = answer.offer_skus.get(line.order_line_id)
        tx.session.flush()
        if answer.found:
            read_again(tx, row, "twin found")
        advance(ports, tx, row)

    def refused(self, intent: Intent, rejected: Rejected) -> Held:
        return Held("reveni_rejected", f"Reveni refused the return: {rejected.message}", {"status": rejected.status})

    def hold(self, tx: Tx, intent: Intent, held: Held) -> None:
        hold_step(tx, intent, held)


def _is_judged(twin: ReveniReturn) -> bool:
    """Also where Reveni does not say."""
    return twin.items is None or any(item.accepted_quantity != 0 or item.rejected_quantity != 0 for item in twin.items)


def _ask_a_person_in_the_end(ports: Ports, intent: Intent, not_known: Retryable) -> None:
    """:raises Held: `unknown_outcome`, when Reveni's list has told nothing for too long."""
    with ports.ledger.read() as tx:
        waited = tx.now - (intent.sent_at or intent.created_at)
    if waited > timedelta(seconds=ports.settings.scaled(NOT_KNOWN_FOR)):
        raise Held(
            "unknown_outcome",
            f"Return {intent.subject} was sent to Reveni without an answer, and whether it is there is not known: "
            f"{not_known}. Look there; replay when its list is whole again.",
            {"sends": intent.sends},
        ) from None


def unit_price(order: Order, order_line_id: str) -> Decimal:
    """What Mirakl charged for one unit: the line's price over its active units, to four decimals.

    :raises Held: when the line is not there or does not add up.
    """
    line = order.line(order_line_id)
    if line is None:
        raise Held("order_line_not_in_order", f"Order {order.order_id} has no line {order_line_id}.")
    units = active_units(line)
    if line.price is None or units < 1:
        raise Held("line_does_not_add_up", f"Line {order_line_id} has no price or no active unit.")
    return (line.price / units).quantize(FOUR_DECIMALS, rounding=ROUND_HALF_UP)


def _order(order: Order, shopper: Shopper) -> NewReturnOrder:
    customer = Customer(email=shopper.email, first_name=shopper.first_name, last_name=shopper.last_name)
    return NewReturnOrder(
        external_id=order.order_id,
        name=order.commercial_id,
        currency=order.currency,
        created_at=order.created_date,
        customer=customer,
    )


def _item(order: Order, line: ReturnLineRow, skus: Skus) -> NewReturnItem:
    price = unit_price(order, line.order_line_id)
    ordered = order.line(line.order_line_id)
    offer_sku = None if ordered is None else ordered.offer_sku
    reveni_sku = skus.to_reveni(offer_sku or "")
    if not offer_sku or reveni_sku is None:
        raise Held(
            "unmapped_sku",
            f"skus.csv has no row for {offer_sku or '(none)'}: add it, then replay this return.",
        )
    return NewReturnItem(
        external_id=line.order_line_id, sku=reveni_sku, name=(ordered.product_title if ordered else None) or offer_sku,
        quantity=line.quantity, unit_price=str(price), return_reason=line.reveni_reason or "",
    )  # fmt: skip
