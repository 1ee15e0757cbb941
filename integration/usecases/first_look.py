"""Before a new ledger sends anything: has somebody worked on this shop's returns before it?"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from integration.domain.orders import Order
from integration.domain.refund_guards import refunded_elsewhere
from integration.domain.returns import RECEIVED, UNDER_WAY
from integration.ledger.refunds import attributed_ids
from integration.ledger.returns import lines_of, returns
from integration.ledger.standing import FIRST_LOOK, enter_recovery, leave_recovery, standing
from integration.ledger.tables import ReturnLineRow, ReturnRow
from integration.usecases.hold_stock import hold_unknown_stock
from integration.usecases.ports import Ports

log = logging.getLogger(__name__)

HISTORY = "history"
"""Why a new ledger stays in recovery: it may be an emptied one, or a person has refunded what it would refund."""

Open = list[tuple[ReturnRow, list[ReturnLineRow]]]


def take_first_look(ports: Ports) -> None:
    """Once all returns are read: send from here on, or, where the shop has a history, once a person has looked.

    :raises Retryable: the orders could not be read; the next pass looks again.
    """
    with ports.ledger.read() as tx:
        row = standing(tx)
        if row is None or row.reason != FIRST_LOOK:
            return
        under_way: Open = [(one, lines_of(tx, one.return_id)) for one in returns(tx) if one.mirakl_state in UNDER_WAY]
        ours = {one.order_id: attributed_ids(tx, one.order_id) for one, _ in under_way}
    orders = {order.order_id: order for order in ports.mirakl.orders(sorted(ours))} if ours else {}
    worked_on = [
        one.return_id
        for one, lines in under_way
        if one.mirakl_state == RECEIVED or _is_refunded(one, lines, orders.get(one.order_id), ours[one.order_id])
    ]
    with ports.ledger.write() as tx:
        row = standing(tx, lock=True)
        if row is None or row.reason != FIRST_LOOK:
            return
        if not worked_on:
            leave_recovery(tx, row, epoch=row.epoch)
            return
        looked_at = row.returns_read_at
        enter_recovery(tx, row, reason=HISTORY, detail=_in_words(worked_on, ports.settings.shop), mark=None)
        row.returns_read_at = looked_at
        hold_unknown_stock(tx)


def _is_refunded(row: ReturnRow, lines: Sequence[ReturnLineRow], order: Order | None, ours: frozenset[str]) -> bool:
    found = [] if order is None else [order.line(line.order_line_id) for line in lines]
    return any(
        line is not None and refunded_elsewhere(line, attributed=ours, others=(), announced=row.date_created)
        for line in found
    )


def _in_words(worked_on: Sequence[str], shop: str) -> str:
    shown = ", ".join(worked_on[:5]) + (f" and {len(worked_on) - 5} more" if len(worked_on) > 5 else "")
    return (
        f"The ledger of shop {shop} is new, and somebody has worked on {len(worked_on)} of its open returns already "
        f"({shown}): they are received, or refunded since they were announced. It may be an emptied ledger."
    )
