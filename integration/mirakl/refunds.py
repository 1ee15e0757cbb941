"""Refunds: OR28."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from integration.domain.refunds import Answered, Asked, CodeAmount
from integration.mirakl.calls import Calls
from integration.mirakl.operations import OR28
from integration.mirakl.wire.refunds import RefundsAnswer


class RefundCalls(Calls):
    """The one call that moves money."""

    def refund(self, asked: Asked) -> Answered:
        """Refund one order line, and return what Mirakl says it did. OR28

        It takes no idempotency key: the same call again refunds again.

        :raises Retryable: nothing was refunded.
        :raises Rejected: nothing was refunded by this call; an earlier one may be the reason.
        :raises OutcomeUnknown: the shopper may have been refunded: read the order's refunds first.
        """
        answer = self._call(OR28, json=document(asked)).read(RefundsAnswer)
        if len(answer.refunds) != 1:
            raise OR28.unanswered(f"it answers for {len(answer.refunds)} refunds instead of one")
        return answer.refunds[0].facts()


def document(asked: Asked) -> dict[str, Any]:
    """The body of OR28. Empty lists are left out: under order-level taxes none may be sent."""
    refund: dict[str, Any] = {
        "order_line_id": asked.order_line_id,
        "amount": asked.amount,
        "shipping_amount": asked.shipping_amount,
        "currency_iso_code": asked.currency,
        "quantity": asked.quantity,
        "reason_code": asked.reason_code,
    }
    parts = {"taxes": asked.taxes, "shipping_taxes": asked.shipping_taxes, "fees": asked.fees}
    refund |= {name: _amounts(amounts) for name, amounts in parts.items() if amounts}
    return {"order_tax_mode": asked.order_tax_mode, "refunds": [refund]}


def _amounts(parts: Iterable[CodeAmount]) -> list[dict[str, Any]]:
    return [{"code": part.code, "amount": part.amount} for part in parts]
