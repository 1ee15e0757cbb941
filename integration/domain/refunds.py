"""What a refund of returned units comes to, computed from the Mirakl order alone."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from integration.domain.facts import Amount, Fact
from integration.domain.orders import Order, OrderLine, Promotion
from integration.domain.refund_guards import known_tax_mode, refundable_line, units_refunded
from integration.domain.refund_shares import Share, line_shares, next_portion
from integration.errors import Held
from integration.money import plausible, proportion, round_money
from mappings import ShippingRefund


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


class Calculation(Fact):
    """A refund with its whole evidence: what is asked, each share, and every fact they came from.

    `units` are the line's active units, `done` those refunded before. `expected_commission` is what Mirakl
    should give back of its commission, or None where the order does not say what it took. `order`,
    `shipping_refund`, `ours`, `fee_codes` and `tax_rules` are what `calculate` was given.
    """

    asked: Asked
    shares: tuple[Share, ...]
    units: int
    done: int
    expected_commission: Amount | None
    promotions: tuple[Promotion, ...]
    order: Order
    shipping_refund: ShippingRefund
    ours: dict[str, int]
    fee_codes: tuple[str, ...]
    tax_rules: dict[str, str]

    @property
    def line(self) -> OrderLine:
        """The order line that is refunded."""
        return next(line for line in self.order.lines if line.order_line_id == self.asked.order_line_id)

    def recompute(self) -> Calculation:
        """The calculation made again from the facts it holds; it equals this one unless the rules changed.

        :raises Held: as `calculate` does.
        """
        return calculate(
            self.order,
            order_line_id=self.asked.order_line_id,
            quantity=self.asked.quantity,
            reason_code=self.asked.reason_code,
            shipping_refund=self.shipping_refund,
            ours=self.ours,
            fee_codes=frozenset(self.fee_codes),
            tax_rules=self.tax_rules,
            currency=self.asked.currency,
        )


def calculate(
    order: Order,
    *,
    order_line_id: str,
    quantity: int,
    reason_code: str,
    shipping_refund: ShippingRefund,
    ours: Mapping[str, int],
    fee_codes: frozenset[str],
    tax_rules: Mapping[str, str],
    currency: str,
) -> Calculation:
    """The refund of `quantity` more accepted units of one order line, from a fresh OR11 read of its order.

    :param reason_code: a RE01 code of type REFUND.
    :param shipping_refund: whether the units' share of the shipping goes back as well.
    :param ours: Mirakl refund id to units, for each refund of this line that Backhaul has confirmed.
    :param fee_codes: the order fees that are given back.
    :param tax_rules: tax code to calculation rule (OR75), for lines whose taxes do not name theirs.
    :param currency: the currency the return is in.
    :raises Waits: `order_not_debited`.
    :raises Held: all that `refundable_line`, `units_refunded`, `next_portion`, `line_shares` and
        `known_tax_mode` raise, and `nothing_to_refund`.
    """
    if quantity < 1:
        raise ValueError(f"a refund is of one unit or more, not of {quantity}")
    line = refundable_line(order, order_line_id=order_line_id, currency=currency)
    portion = next_portion(line, quantity=quantity, done=units_refunded(line, ours), currency=currency)
    shares = line_shares(
        line,
        portion,
        with_shipping=shipping_refund == "proportional",
        fee_codes=fee_codes,
        tax_rules=tax_rules,
    )
    if not any(share.result for share in shares.in_order()):
        raise Held("nothing_to_refund", f"Line {order_line_id}: {quantity} units come to nothing in {currency}.")
    shipping_amount = shares.shipping.result if shares.shipping else round_money(Decimal(0), currency)
    return Calculation(
        asked=Asked(
            order_line_id=order_line_id,
            amount=shares.price.result,
            shipping_amount=shipping_amount,
            currency=currency,
            quantity=quantity,
            reason_code=reason_code,
            order_tax_mode=known_tax_mode(order),
            taxes=_amounts(shares.taxes),
            shipping_taxes=_amounts(shares.shipping_taxes),
            fees=_amounts(shares.fees),
        ),
        shares=shares.in_order(),
        units=portion.units,
        done=portion.done,
        expected_commission=_commission_back(line, shares.price.result + shipping_amount, currency),
        promotions=line.promotions,
        order=order,
        shipping_refund=shipping_refund,
        ours=dict(ours),
        fee_codes=tuple(sorted(fee_codes)),
        tax_rules=dict(tax_rules),
    )


def _amounts(shares: Mapping[str, Share]) -> tuple[CodeAmount, ...]:
    return tuple(CodeAmount(code=code, amount=share.result) for code, share in shares.items())


def _commission_back(line: OrderLine, refunded: Decimal, currency: str) -> Decimal | None:
    """`total_commission × refunded ÷ (price + shipping_price)`: Mirakl gives back at the line's own rate."""
    commission, price, shipping = line.total_commission, line.price, line.shipping_price
    if commission is None or price is None or shipping is None:
        return None
    if not all(plausible(figure) for figure in (commission, price, shipping)):
        return None
    return proportion(commission, part=refunded, of=price + shipping, currency=currency)
