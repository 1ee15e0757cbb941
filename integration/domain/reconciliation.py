"""Whether the seller's account says of a refund what was asked for: one verdict each, with the figures behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from integration.domain.amounts import written
from integration.domain.settlement import TO_CUSTOMER, TO_SELLER, AccountLine, Bucket
from integration.money import decimals

Verdict = Literal[
    "matched",
    "amount_differs",
    "commission_differs",
    "not_yet_in_a_cycle",
    "on_mirakl_but_not_ours",
    "ours_but_not_on_mirakl",
]
EXCEPTIONS: tuple[Verdict, ...] = (
    "ours_but_not_on_mirakl",
    "amount_differs",
    "commission_differs",
    "on_mirakl_but_not_ours",
)
"""What a person should look at, the worst first."""

VERDICTS: tuple[Verdict, ...] = (*EXCEPTIONS, "not_yet_in_a_cycle", "matched")

ZERO = Decimal(0)


@dataclass(frozen=True)
class Promised:
    """What a refund of ours was to come to, in its currency; all amounts are positive.

    :param taxes: what comes on top of the product: nothing where the order's prices contain their taxes; None where
        Mirakl worked a tax out by itself and has not told us.
    :param shipping_taxes: likewise, on top of the shipping.
    :param commission: what Mirakl should give back of its commission, taxes included; None where that cannot be told.
    """

    product: Decimal
    taxes: Decimal | None
    shipping: Decimal
    shipping_taxes: Decimal | None
    fees: Decimal
    commission: Decimal | None


@dataclass(frozen=True)
class KnownRefund:
    """A refund as far as the ledger knows it.

    :param refund_id: ours; None where the account alone shows it.
    :param noted_at: when we had it confirmed, or first saw it.
    :param promised: None for a refund that others made.
    :param seen: what OR11 shows of a refund of others; None where OR11 never showed it to us.
    :param on_mirakl: False where OR11 does not show it any more.
    """

    refund_id: str | None
    mirakl_refund_id: str | None
    order_id: str
    order_line_id: str
    currency: str
    noted_at: datetime
    promised: Promised | None = None
    seen: Decimal | None = None
    on_mirakl: bool = True
    return_id: str | None = None
    sku: str | None = None
    reason_code: str | None = None
    quantity: int | None = None


@dataclass(frozen=True)
class Figure:
    """One part of a refund. Parts for the customer are positive when they cost the seller, the others when they do not.

    :param expected: None where nothing of the kind was promised, so that nothing can differ.
    :param booked: what the account shows, in the refund's currency; `tax` is the part of it that is tax.
    :param settled: what of it has entered a billing cycle.
    :param working: how the expectation compares, in words and numbers.
    """

    bucket: Bucket
    expected: Decimal | None
    booked: Decimal
    tax: Decimal
    settled: Decimal
    differs: bool
    working: str
    lines: tuple[AccountLine, ...]


@dataclass(frozen=True)
class Reconciled:
    """A refund, its verdict and its figures. `refunded` and `settled` are what the customer was given, gross.

    :param made_at: by Mirakl's clock, as soon as the account shows the refund.
    """

    refund: KnownRefund
    verdict: Verdict
    made_at: datetime
    figures: tuple[Figure, ...]
    refunded: Decimal
    settled: Decimal

    @property
    def lines(self) -> tuple[AccountLine, ...]:
        return tuple(line for figure in self.figures for line in figure.lines)

    @property
    def cycle_ids(self) -> tuple[str, ...]:
        """The cycles it is in, oldest first; mostly one."""
        billed = sorted((line for line in self.lines if line.billed_at), key=lambda line: (line.billed_at, line.id))
        return tuple(dict.fromkeys(line.cycle_id for line in billed if line.cycle_id))

    def figure(self, bucket: Bucket) -> Figure | None:
        return next((figure for figure in self.figures if figure.bucket == bucket), None)


def judge(refund: KnownRefund, lines: Sequence[AccountLine]) -> Reconciled:
    """The verdict on one refund.

    It is judged once every line of it is in a billing cycle: until then more of them may come, and a difference might
    be no more than a line that was not read yet.

    :param lines: all lines of the account that name the refund.
    :raises Held: `unknown_currency`, of a refund of ours.
    """
    money = tuple(sorted((line for line in lines if line.counts), key=lambda line: (line.created, line.type, line.id)))
    figures = tuple(
        figure for bucket in (*TO_CUSTOMER, *TO_SELLER) if (figure := _figure(refund, bucket, money)) is not None
    )
    return Reconciled(
        refund=refund,
        verdict=_verdict(refund, money, figures),
        made_at=min((line.created for line in money), default=refund.noted_at),
        figures=figures,
        refunded=_refunded(refund, money, figures),
        settled=sum((figure.settled for figure in figures if figure.bucket in TO_CUSTOMER), ZERO),
    )


def _verdict(refund: KnownRefund, lines: Sequence[AccountLine], figures: Sequence[Figure]) -> Verdict:
    if refund.promised is None:
        return "on_mirakl_but_not_ours"
    if not refund.on_mirakl and not any(line.cycle_id for line in lines):
        return "ours_but_not_on_mirakl"  # a line that vanished is not told by TL02, which shows what is there
    if not lines or any(line.cycle_id is None for line in lines):
        return "not_yet_in_a_cycle"
    different = {figure.bucket for figure in figures if figure.differs}
    if different - {"commission"}:
        return "amount_differs"
    return "commission_differs" if different else "matched"


def _refunded(refund: KnownRefund, lines: Sequence[AccountLine], figures: Sequence[Figure]) -> Decimal:
    """What was promised; of a refund that others made, what the account shows, else what OR11 did."""
    to_customer = [figure for figure in figures if figure.bucket in TO_CUSTOMER]
    if refund.promised is not None:
        return sum((figure.expected or ZERO for figure in to_customer), ZERO)
    return sum((figure.booked for figure in to_customer), ZERO) if lines else refund.seen or ZERO


def _figure(refund: KnownRefund, bucket: Bucket, lines: Sequence[AccountLine]) -> Figure | None:
    """The figure of one part; None where the refund has no such part."""
    of_bucket = tuple(line for line in lines if line.kind.bucket == bucket)
    in_currency = [line for line in of_bucket if line.currency == refund.currency]
    tax = _sum(bucket, (line for line in in_currency if line.kind.is_tax))
    expected, working = _expectation(refund, bucket, tax)
    if expected is None and not of_bucket:
        return None
    booked = _sum(bucket, in_currency)
    strange = sorted({line.currency for line in of_bucket} - {refund.currency})
    if strange:
        working += f"; it has lines in {', '.join(strange)}"
    elif expected is not None:
        working += f"; the account shows {written(booked, refund.currency)}"
    return Figure(
        bucket=bucket,
        expected=expected,
        booked=booked,
        tax=tax,
        settled=_sum(bucket, (line for line in in_currency if line.cycle_id is not None)),
        differs=bool(strange) or _differs(refund, bucket, expected, booked),
        working=working,
        lines=of_bucket,
    )


def _sum(bucket: Bucket, lines: Iterable[AccountLine]) -> Decimal:
    total = sum((line.amount for line in lines), ZERO)
    return ZERO - total if bucket in TO_CUSTOMER else total


def _differs(refund: KnownRefund, bucket: Bucket, expected: Decimal | None, booked: Decimal) -> bool:
    if expected is None:
        # A type that is unknown here, on a refund of ours, is a question that a person answers.
        return bucket == "other" and refund.promised is not None
    tolerance = Decimal(1).scaleb(-decimals(refund.currency)) if bucket == "commission" else ZERO
    return abs(booked - expected) > tolerance


def _expectation(refund: KnownRefund, bucket: Bucket, tax: Decimal) -> tuple[Decimal | None, str]:
    promised, currency = refund.promised, refund.currency
    if promised is None:
        return None, "made by others: nothing was expected"
    match bucket:
        case "product":
            return _with_taxes(promised.product, promised.taxes, tax, currency)
        case "shipping":
            return _with_taxes(promised.shipping, promised.shipping_taxes, tax, currency)
        case "fee":
            return promised.fees, f"expected {written(promised.fees, currency)}"
        case "commission" if promised.commission is not None:
            expected = written(promised.commission, currency)
            return promised.commission, f"expected {expected}, one minor unit more or less for rounding"
        case "commission":
            return None, "the order does not say what was taken: not judged"
        case "operator":
            return None, "borne by the operator: not judged"
        case _:
            return None, "of a type that is unknown here"


def _with_taxes(amount: Decimal, taxes: Decimal | None, booked_tax: Decimal, currency: str) -> tuple[Decimal, str]:
    on_top = booked_tax if taxes is None else taxes
    gross = amount + on_top
    if taxes is None:
        return gross, (
            f"expected {written(amount, currency)} and the tax that Mirakl works out, {written(on_top, currency)}"
        )
    if taxes:
        parts = f"{written(amount, currency)} + taxes {written(on_top, currency)}"
        return gross, f"expected {parts} = {written(gross, currency)}"
    return gross, f"expected {written(amount, currency)}"
