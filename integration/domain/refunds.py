"""What a refund of returned units comes to, computed from the Mirakl order alone."""

from __future__ import annotations

from typing import Literal

from integration.domain.facts import Amount, Fact
from integration.domain.orders import Order, Promotion

ShippingRefund = Literal["none", "proportional"]


class CodeAmount(Fact):
    """A part of a tax or of a fee, by its code."""

    code: str
    amount: Amount


class Asked(Fact):
    """Exactly what OR28 is asked for: one order line, its amounts in `currency` and in `order_tax_mode`."""

    order_line_id: str
    amount: Amount
    shipping_amount: Amount
    currency: str
    quantity: int
    reason_code: str
    order_tax_mode: str
    taxes: tuple[CodeAmount, ...] = ()
    shipping_taxes: tuple[CodeAmount, ...] = ()
    fees: tuple[CodeAmount, ...] = ()


class Answered(Fact):
    """What OR28 says it has done for one order line. None where the answer leaves a field out."""

    refund_id: str
    order_line_id: str | None = None
    amount: Amount | None = None
    shipping_amount: Amount | None = None
    currency: str | None = None
    quantity: int | None = None
    reason_code: str | None = None
    taxes: tuple[CodeAmount, ...] = ()
    shipping_taxes: tuple[CodeAmount, ...] = ()
    fees: tuple[CodeAmount, ...] = ()


class Share(Fact):
    """One figure of the request and how it came about.

    `what` is `price`, `shipping_price`, `tax CODE`, `shipping tax CODE` or `fee CODE`; `whole` is what the
    line carries for `units` active units, of which `done` were refunded before and `quantity` are now.
    """

    what: str
    whole: Amount
    done: int
    quantity: int
    units: int
    result: Amount
    formula: str


class Remaining(Fact):
    """What the line still had to give back before this refund, per figure."""

    amount: Amount
    shipping_amount: Amount
    taxes: tuple[CodeAmount, ...] = ()
    shipping_taxes: tuple[CodeAmount, ...] = ()
    fees: tuple[CodeAmount, ...] = ()


class Calculation(Fact):
    """A refund with its whole evidence: what is asked, each share, and every fact they came from.

    `expected_commission` is what Mirakl should give back of its commission, or None where the order does not
    say what commission it took.
    """

    asked: Asked
    shares: tuple[Share, ...]
    units: int
    done: int
    remaining_before: Remaining
    expected_commission: Amount | None
    promotions: tuple[Promotion, ...]
    order: Order
    shipping_refund: ShippingRefund
    ours: dict[str, int]
    fee_codes: tuple[str, ...]
    tax_rules: dict[str, str]
