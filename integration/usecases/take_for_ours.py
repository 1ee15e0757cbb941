"""A person says that a refund on Mirakl is ours: it settles as many units as Mirakl says that it was for."""

from __future__ import annotations

from dataclasses import dataclass

from integration.domain.orders import PastRefund
from integration.ledger import intents
from integration.ledger.refunds import add_refund, known_mirakl_ids
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, RefundRow
from integration.usecases.external_refunds import attribute
from integration.usecases.refusal import Refused


@dataclass(frozen=True)
class OnMirakl:
    """A refund as OR11 shows it; its amounts are in `currency`."""

    past: PastRefund
    currency: str | None


def take_for_ours(tx: Tx, row: RefundRow, intent: Intent, found: OnMirakl, evidence: Facts) -> int:
    """Settle the units that the refund on Mirakl was for; how many of ours are left, which are worked out anew.

    Where Mirakl does not say for how many it was, it was for all of ours.

    :raises Refused: it is another one of ours.
    """
    past, units = found.past, row.quantity or 0
    known = known_mirakl_ids(tx, [past.id]).get(past.id)
    if known is not None and known.intent_id is not None and known.id != row.id:
        raise Refused(f"Refund {past.id} on Mirakl is refund {known.id} already.")
    left = max(0, units - (past.quantity or units))
    settled, whose = (row, intent) if left == 0 else _split_off(tx, row, left)
    attribute(tx, settled, past.id)
    settled.quantity = past.quantity or units
    settled.amount, settled.shipping_amount, settled.currency = past.amount, past.shipping_amount, found.currency
    settled.refund_state, settled.calculation = past.state, intent.plan.get("calculation") if left == 0 else None
    settled.confirmed_at = settled.look_at = tx.now
    figures = past.model_dump(mode="json", include={"id", "amount", "shipping_amount", "quantity", "reason_code"})
    intents.close(tx, whose, "confirmed", reason="confirmed_by_hand", evidence={**evidence, "on_mirakl": figures})
    if left:
        intents.reopen(tx, intent, reason="partly_refunded_elsewhere", evidence=evidence)
    return left


def _split_off(tx: Tx, row: RefundRow, left: int) -> tuple[RefundRow, Intent]:
    """The units that were refunded, as a refund of their own; `left` of them stay with the row."""
    units = (row.cumulative_units or 0) - left
    subject = f"{row.return_id}/{row.order_line_id}/{units}"
    intent, _ = intents.decide(tx, "push_refund", subject, group=f"refund:{row.order_id}")
    part = add_refund(
        tx, intent, return_id=row.return_id or "", order_id=row.order_id, order_line_id=row.order_line_id,
        cumulative_units=units, quantity=(row.quantity or 0) - left,
    )  # fmt: skip
    row.quantity = left
    return part, intent
