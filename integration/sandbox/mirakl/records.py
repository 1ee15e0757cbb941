"""Mirakl's things as the sandbox keeps them. Amounts are in the order's own currency and tax mode."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

ZERO = Decimal("0.00")


@dataclass
class Tax:
    """`rule` is `NONE`, `PROPORTIONAL_TO_AMOUNT`, or None where the answer leaves it out."""

    code: str
    amount: Decimal
    rate: Decimal | None = None
    rule: str | None = "PROPORTIONAL_TO_AMOUNT"


@dataclass
class Fee:
    code: str
    amount: Decimal


@dataclass
class Promotion:
    id: str
    deduced_amount: Decimal


@dataclass
class Cancelation:
    id: str
    quantity: int
    amount: Decimal
    shipping_amount: Decimal
    created: datetime
    reason_code: str = "34"


@dataclass
class Refund:
    """`origin` is `api` for OR28 and `operator` for one made in Mirakl's back office."""

    id: str
    order_refund_id: str
    amount: Decimal
    shipping_amount: Decimal
    taxes: list[Tax]
    shipping_taxes: list[Tax]
    fees: list[Fee]
    quantity: int
    reason_code: str
    commission_fee: Decimal
    commission_tax: Decimal
    created: datetime
    origin: str
    excluded_from_shipment: bool = False
    state: str = "WAITING_REFUND"
    transaction_number: str | None = None
    transaction_date: datetime | None = None


@dataclass
class Line:
    """`price` and `shipping_price` are line totals and never change when a refund is made (mirakl.md 2.1)."""

    order_line_id: str
    index: int
    offer_sku: str
    title: str
    quantity: int
    price_unit: Decimal
    price: Decimal
    shipping_price: Decimal
    commission_fee: Decimal
    commission_tax: Decimal
    created: datetime
    updated: datetime
    state: str = "WAITING_ACCEPTANCE"
    debited: datetime | None = None
    shipped: datetime | None = None
    received: datetime | None = None
    taxes: list[Tax] = field(default_factory=list)
    shipping_taxes: list[Tax] = field(default_factory=list)
    fees: list[Fee] = field(default_factory=list)
    promotions: list[Promotion] = field(default_factory=list)
    cancelations: list[Cancelation] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)


@dataclass
class Order:
    order_id: str
    commercial_id: str
    state: str
    tax_mode: str
    currency: str
    created: datetime
    updated: datetime
    shopper: dict[str, str]
    lines: list[Line]
    accepted: datetime | None = None
    debited: datetime | None = None
    fulfillment_center: str = "DEFAULT"


@dataclass
class ReturnLine:
    order_line_id: str
    quantity: int
    reason_code: str | None
    compliance: list[dict[str, Any]] | None = None


@dataclass
class MiraklReturn:
    id: str
    order: Order
    state: str
    reason_code: str | None
    created: datetime
    updated: datetime
    lines: list[ReturnLine]
    rejection_reason_code: str | None = None
    tracking_number: str | None = None


@dataclass
class Offer:
    """`live` is false while the product waits for its synchronisation: STO01 refuses the line meanwhile."""

    offer_id: int
    sku: str
    quantity: int
    live: bool = True


@dataclass
class StockImport:
    """`rows` is None where the file as a whole is unusable; `errors` are the lines of the STO03 report."""

    import_id: str
    created: datetime
    rows: list[dict[str, str]] | None
    status: str = "WAITING"
    errors: list[list[str]] = field(default_factory=list)
    lines_in_success: int = 0


@dataclass
class Transaction:
    """One TL02 line; `amount` is signed as the seller sees it."""

    id: str
    type: str
    amount: Decimal
    balance: Decimal
    currency: str
    created: datetime
    updated: datetime
    payment_state: str
    order: Order | None = None
    line: Line | None = None
    refund_id: str | None = None
    tax_code: str | None = None
    fee_code: str | None = None
    cycle_id: str | None = None
    document_number: str | None = None


@dataclass
class BillingCycle:
    """A payout (SBC11) and the accounting document that goes with it (IV01)."""

    id: str
    number: int
    created: datetime
    currency: str
    transferred: Decimal
    totals: dict[str, Decimal]
    payout_state: str
    reference: str | None


@dataclass(frozen=True)
class Reason:
    code: str
    label: str
    type: str
    is_shop_right: bool = True


@dataclass(frozen=True)
class TaxRule:
    code: str
    label: str
    tax_calculation_rule: str
