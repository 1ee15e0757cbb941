"""The answer of OR28."""

from __future__ import annotations

from integration.domain.facts import Amount
from integration.domain.refunds import Answered, CodeAmount
from integration.wire import Many, Wire


class _Part(Wire):
    code: str
    amount: Amount

    def facts(self) -> CodeAmount:
        return CodeAmount(code=self.code, amount=self.amount)


class RefundDone(Wire):
    """One refund that was created."""

    refund_id: str
    order_line_id: str | None = None
    amount: Amount | None = None
    shipping_amount: Amount | None = None
    currency_iso_code: str | None = None
    quantity: int | None = None
    reason_code: str | None = None
    taxes: Many[_Part] = ()
    shipping_taxes: Many[_Part] = ()
    fees: Many[_Part] = ()

    def facts(self) -> Answered:
        return Answered(
            refund_id=self.refund_id,
            order_line_id=self.order_line_id,
            amount=self.amount,
            shipping_amount=self.shipping_amount,
            currency=self.currency_iso_code,
            quantity=self.quantity,
            reason_code=self.reason_code,
            taxes=tuple(part.facts() for part in self.taxes),
            shipping_taxes=tuple(part.facts() for part in self.shipping_taxes),
            fees=tuple(part.facts() for part in self.fees),
        )


class RefundsAnswer(Wire):
    refunds: Many[RefundDone] = ()
