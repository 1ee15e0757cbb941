"""Make the twin of a Mirakl return in Reveni (W1), with Mirakl's prices and the mapped reasons.

The shopper's name and e-mail pass through: they are read when they are needed and kept nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar

from integration.domain.orders import Order, Waits, active_units
from integration.errors import Held, Rejected
from integration.ledger.returns import get_return, lines_of, lock_return
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, ReturnLineRow
from integration.mirakl.wire import Shopper
from integration.reveni.wire import CreatedReturn, Customer, NewReturn, NewReturnItem, NewReturnOrder
from integration.usecases.acts import Act
from integration.usecases.advance_return import advance, hold_return
from integration.usecases.fetch_order import fetch_order
from integration.usecases.ports import Ports
from mappings import Skus

FOUR_DECIMALS = Decimal("0.0001")
"""`unit_price` is a four-decimal string (Reveni W1)."""


@dataclass(frozen=True)
class Twin:
    """What goes to Reveni, the offers that its items are (for the restock later), and the version of `skus.csv`."""

    body: NewReturn
    offer_skus: dict[str, str | None]
    mapping_version: str


class CreateReturn(Act[Twin, CreatedReturn]):
    """W1 takes no idempotency key: an unknown outcome is looked up in the list of the order's returns (W2)."""

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
        items = tuple(_item(order, line, tables.skus) for line in lines)
        shopper = ports.mirakl.shopper(row.order_id)
        body = NewReturn(external_id=intent.subject, order=_order(order, shopper), return_items=items)
        return Twin(body, {line.order_line_id: line.offer_sku for line in order.lines}, tables.version)

    def plan(self, intent: Intent, prepared: Twin) -> Facts:
        return {
            "order_id": prepared.body.order.external_id,
            "items": [item.model_dump(mode="json") for item in prepared.body.return_items],
            "offer_skus": prepared.offer_skus,
            "mapping_version": prepared.mapping_version,
        }

    def send(self, ports: Ports, prepared: Twin) -> CreatedReturn:
        return ports.reveni.create_return(prepared.body)

    def read_back(self, ports: Ports, intent: Intent) -> CreatedReturn | None:
        order_id = intent.plan["order_id"]
        ours = [twin for twin in ports.reveni.returns_of_order(order_id) if twin.external_id == intent.subject]
        if len(ours) > 1:
            raise Held(
                "twice_in_reveni",
                f"Reveni holds {len(ours)} returns for {intent.subject}: cancel all but one there, then replay.",
                {"reveni_return_ids": [twin.id for twin in ours]},
            )
        return CreatedReturn(id=ours[0].id) if ours else None

    def evidence(self, intent: Intent, answer: CreatedReturn) -> Facts:
        return {"reveni_return_id": answer.id}

    def record(self, ports: Ports, tx: Tx, intent: Intent, answer: CreatedReturn) -> None:
        row = lock_return(tx, intent.subject)
        if row is None:
            raise Held("return_not_in_ledger", f"Return {intent.subject} is not in the ledger.")
        row.reveni_return_id = answer.id
        for line in lines_of(tx, intent.subject):
            line.offer_sku = intent.plan["offer_skus"].get(line.order_line_id)
        tx.session.flush()
        advance(ports, tx, row)

    def refused(self, intent: Intent, rejected: Rejected) -> Held:
        return Held("reveni_rejected", f"Reveni refused the return: {rejected.message}", {"status": rejected.status})

    def hold(self, tx: Tx, intent: Intent, held: Held) -> None:
        row = get_return(tx, intent.subject)
        if row is not None:
            hold_return(tx, row, held)


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
