"""Promise a refund for what Reveni has accepted of a return line since the last one."""

from __future__ import annotations

from integration.ledger import intents
from integration.ledger.store import Tx
from integration.ledger.tables import RefundRow, ReturnLineRow, ReturnRow


def promise_refund(tx: Tx, row: ReturnRow, line: ReturnLineRow) -> None:
    """Once for each cumulative number of accepted units; nothing where no unit is new."""
    due = line.accepted - line.refund_units
    if due <= 0:
        return
    intent, new = intents.decide(
        tx,
        "push_refund",
        f"{row.return_id}/{line.order_line_id}/{line.accepted}",
        group=f"refund:{row.order_id}",
    )
    if new:
        tx.session.add(
            RefundRow(
                id=intent.id, shop=tx.shop, intent_id=intent.id, return_id=row.return_id, order_id=row.order_id,
                order_line_id=line.order_line_id, cumulative_units=line.accepted, quantity=due, created_at=tx.now,
                looks=0,
            )
        )  # fmt: skip
    line.refund_units = line.accepted
