"""The seller's account: what each type of a TL02 line means, and whether a payout is the sum of its lines.

Signs are Mirakl's: an amount is what the seller gains by it (TL02 `amount` = credited − debited).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

INFORMATIVE = "NOT_APPLICABLE"
"""The `payment_state` of a line that is no money (TL02): it never enters a billing cycle."""

Bucket = Literal["product", "shipping", "fee", "commission", "operator", "other"]
"""A part of a refund. `operator`: what the operator bears of it in the seller's place; `other`: types unknown to us."""

TO_CUSTOMER: tuple[Bucket, ...] = ("product", "shipping", "fee")
TO_SELLER: tuple[Bucket, ...] = ("commission", "operator", "other")


class Kind(NamedTuple):
    bucket: Bucket
    is_tax: bool


REFUND_TYPES: Mapping[str, Kind] = {
    "REFUND_ORDER_AMOUNT": Kind("product", False),
    "REFUND_ORDER_AMOUNT_TAX": Kind("product", True),
    "REFUND_ORDER_SHIPPING_AMOUNT": Kind("shipping", False),
    "REFUND_ORDER_SHIPPING_AMOUNT_TAX": Kind("shipping", True),
    "REFUND_ORDER_FEE_AMOUNT": Kind("fee", False),
    "REFUND_COMMISSION_FEE": Kind("commission", False),
    "REFUND_COMMISSION_VAT": Kind("commission", True),
    # Counter-entries: SBC11 sums them with the opposite sign (fee −3, fee operator-remitted +3).
    "OPERATOR_REMITTED_REFUND_ORDER_AMOUNT_TAX": Kind("operator", True),
    "OPERATOR_REMITTED_REFUND_ORDER_SHIPPING_AMOUNT_TAX": Kind("operator", True),
    "OPERATOR_REMITTED_REFUND_ORDER_FEE_AMOUNT": Kind("operator", False),
    "OPERATOR_PAID_REFUND_ORDER_SHIPPING_AMOUNT": Kind("operator", False),
    "OPERATOR_PAID_REFUND_ORDER_SHIPPING_AMOUNT_TAX": Kind("operator", True),
}
"""The types of TL02 that name a refund (`entities.refund.id`)."""

PAYMENT = "PAYMENT"
"""The line that a payout itself leaves: the sum of all others, turned round."""

_PARTS = (
    ("ORDER_", "sales"),
    ("COMMISSION_", "commissions"),
    ("REFUND_ORDER_", "refunds"),
    ("REFUND_COMMISSION_", "commissions_given_back"),
    ("OPERATOR_", "borne_by_operator"),
    ("PURCHASE_", "purchases"),
    ("REFUND_PURCHASE_", "purchases"),
    ("SUBSCRIPTION_", "subscriptions"),
    ("SELLER_", "seller_fees"),
    ("MANUAL_", "manual_documents"),
    ("INVOICEABLE_", "manual_documents"),
    ("RESERVE_", "reserve"),
)
UNKNOWN_PART = "unknown_types"


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One line of the account, in `currency`. `billed_at` is when its billing cycle was made, None before that."""

    id: str
    type: str
    amount: Decimal
    currency: str
    created: datetime
    payment_state: str | None = None
    cycle_id: str | None = None
    billed_at: datetime | None = None
    order_id: str | None = None
    order_line_id: str | None = None
    refund_id: str | None = None

    @property
    def kind(self) -> Kind:
        return REFUND_TYPES.get(self.type, Kind("other", False))

    @property
    def counts(self) -> bool:
        """Whether it is money."""
        return self.payment_state != INFORMATIVE

    def billed_before(self, moment: datetime) -> bool:
        return self.cycle_id is not None and self.billed_at is not None and self.billed_at < moment


@dataclass(frozen=True)
class Cycle:
    """A billing cycle with its payout (SBC11). All but the id is None until SBC11 has shown it."""

    id: str
    created: datetime | None = None
    currency: str | None = None
    transferred: Decimal | None = None
    payout_state: str | None = None
    payout_reference: str | None = None
    payout_date: datetime | None = None


@dataclass(frozen=True)
class Payout:
    """A payout and what it is the sum of.

    :param transferred: to the seller, in `currency`; None where SBC11 does not say.
    :param parts: the lines of the cycle (TL02) by what they are for.
    """

    cycle: Cycle
    currency: str
    transferred: Decimal | None
    parts: Mapping[str, Decimal]

    @property
    def explained(self) -> Decimal:
        """The sum of the lines."""
        return sum(self.parts.values(), Decimal(0))

    @property
    def unexplained(self) -> Decimal | None:
        return None if self.transferred is None else self.transferred - self.explained


class Booked(NamedTuple):
    """The sum of the lines of one type and currency in one cycle."""

    type: str
    currency: str
    amount: Decimal


def prove(cycle: Cycle, booked: Iterable[Booked]) -> list[Payout]:
    """Each part of a payout, and, as a part of its own, what no line explains: it is never spread over the others.

    A cycle has one currency. Lines in another one make a payout of their own, of which nothing was transferred.
    """
    parts: dict[str, dict[str, Decimal]] = {}
    for line in booked:
        if line.type != PAYMENT:
            of_currency = parts.setdefault(line.currency, {})
            name = part_of(line.type)
            of_currency[name] = of_currency.get(name, Decimal(0)) + line.amount
    currencies = sorted(parts.keys() | ({cycle.currency} if cycle.currency else set()))
    return [_payout(cycle, currency, parts.get(currency, {})) for currency in currencies]


def part_of(line_type: str) -> str:
    """What a line of this type is for, as the payout names it."""
    return next((part for prefix, part in _PARTS if line_type.startswith(prefix)), UNKNOWN_PART)


def _payout(cycle: Cycle, currency: str, parts: Mapping[str, Decimal]) -> Payout:
    names = (*dict.fromkeys(part for _, part in _PARTS), UNKNOWN_PART)
    return Payout(
        cycle=cycle,
        currency=currency,
        transferred=cycle.transferred if cycle.currency in {None, currency} else Decimal(0),
        parts={name: parts[name] for name in names if name in parts},
    )
