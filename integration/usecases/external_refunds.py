"""Refunds on Mirakl that are not ours: recorded, so that each refund of an order is somebody's."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import TypeVar

from integration.domain.orders import Order
from integration.ledger.refunds import known_mirakl_ids, refunds
from integration.ledger.store import Ledger, Tx
from integration.ledger.tables import RefundRow
from integration.money import MOST_UNITS, plausible

Figure = TypeVar("Figure", Decimal, int)


def note_external(ledger: Ledger, order: Order) -> int:
    """Record the refunds of an order that nobody here made; how many were new.

    While one of ours is on its way or unknown, a strange refund may still turn out to be it: nothing is noted then.
    """
    with ledger.read() as tx:
        if not _unknown_ids(tx, order):
            return 0
    with ledger.write() as tx:
        if any(
            known.state in ("unknown",) or _was_sent(known.intent) for known in refunds(tx, order_id=order.order_id)
        ):
            return 0
        strange = _unknown_ids(tx, order)
        for line in order.lines:
            for past in line.refunds:
                if past.id in strange:
                    tx.session.add(
                        RefundRow(
                            id=uuid.uuid4(), shop=tx.shop, order_id=order.order_id, order_line_id=line.order_line_id,
                            quantity=_known(past.quantity), amount=_known(past.amount),
                            shipping_amount=_known(past.shipping_amount),
                            currency=order.currency, mirakl_refund_id=past.id, refund_state=past.state,
                            created_at=tx.now, looks=0,
                        )
                    )  # fmt: skip
        return len(strange)


def attribute(tx: Tx, refund: RefundRow, mirakl_refund_id: str) -> None:
    """Make this refund on Mirakl ours, also when it had been taken for somebody else's."""
    taken_for_external = known_mirakl_ids(tx, [mirakl_refund_id]).get(mirakl_refund_id)
    if taken_for_external is not None and taken_for_external.intent_id is None:
        tx.session.delete(taken_for_external)
        tx.session.flush()
    refund.mirakl_refund_id = mirakl_refund_id


def _unknown_ids(tx: Tx, order: Order) -> set[str]:
    on_mirakl = {past.id for line in order.lines for past in line.refunds}
    return on_mirakl - set(known_mirakl_ids(tx, on_mirakl)) if on_mirakl else set()


def _known(figure: Figure | None) -> Figure | None:
    """A figure as it can be stored; one that cannot be is not known. Whoever computes with it holds its own case."""
    if figure is None:
        return None
    storable = plausible(figure) if isinstance(figure, Decimal) else abs(figure) <= MOST_UNITS
    return figure if storable else None


def _was_sent(intent: object) -> bool:
    """Claimed, or decided again after a sending: its effect may be the refund that nobody knows."""
    state, sends = getattr(intent, "state", None), getattr(intent, "sends", 0)
    return state in ("claimed", "decided") and sends > 0
