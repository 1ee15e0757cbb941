"""Refunds on a returned line that no intent of ours made: which of ours each of them certainly is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from integration.domain.orders import Order, PastRefund
from integration.domain.refunds import Asked


def without(order: Order, order_line_id: str, refunds: Collection[str]) -> Order:
    """The order as it was before these refunds of one line were made: a line that they closed is open."""
    lines = tuple(
        line.model_copy(
            update={"state": "RECEIVED", "refunds": tuple(past for past in line.refunds if past.id not in refunds)}
        )
        if line.order_line_id == order_line_id
        else line
        for line in order.lines
    )
    return order.model_copy(update={"state": "RECEIVED", "lines": lines})


def is_certainly(past: PastRefund, asked: Asked) -> bool:
    """Whether a refund is equal in all that Mirakl says of it; where it leaves something out, it says nothing."""
    return past.created_date is not None and (
        (past.amount, past.shipping_amount, past.reason_code, past.quantity)
        == (asked.amount, asked.shipping_amount, asked.reason_code, asked.quantity)
    )


def one_to_one(found: Mapping[UUID, Sequence[PastRefund]]) -> dict[UUID, PastRefund]:
    """Those of ours that one refund explains, which explains no other of ours.

    :param found: for each of ours, the refunds that it may be.
    """
    explains = Counter(past.id for candidates in found.values() for past in candidates)
    return {
        ours: candidates[0]
        for ours, candidates in found.items()
        if len(candidates) == 1 and explains[candidates[0].id] == 1
    }
