"""The part of a line's figure that some of its units come to, with the working shown and the limit kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from integration.domain.facts import Amount, Fact
from integration.domain.orders import Fee, OrderLine, Tax, active_units
from integration.errors import Held
from integration.money import fits, round_money, share

TAX_RULES = frozenset({"NONE", "PROPORTIONAL_TO_AMOUNT"})


class Share(Fact):
    """One figure of a refund and how it came about.

    `what` is `price`, `shipping_price`, `tax CODE`, `shipping tax CODE` or `fee CODE`. `whole` is what the
    line carries for its `units` active units, of which `done` were refunded before and `quantity` are
    refunded now; `remaining_before` is the whole less all earlier refunds of it. Amounts are in the
    order's currency.
    """

    what: str
    whole: Amount
    done: int
    quantity: int
    units: int
    remaining_before: Amount
    result: Amount
    formula: str


class Portion(Fact):
    """Some units of an order line: the `quantity` that follows the first `done` of its `units`."""

    order_line_id: str
    done: int
    quantity: int
    units: int
    currency: str

    def of(self, what: str, whole: Decimal | None, *, refunded: Iterable[Decimal | None]) -> Share:
        """The portion's share of `whole`, of which the amounts `refunded` were given back before.

        :raises Held: `line_does_not_add_up` for a figure that is missing or cannot be paid in the currency;
            `exceeds_remaining` where the share is more than what is left. It is never capped.
        """
        line_carries = self._figure(what, whole)
        left = line_carries - sum((self._figure(f"refunded {what}", part) for part in refunded), Decimal(0))
        result = share(line_carries, done=self.done, quantity=self.quantity, units=self.units, currency=self.currency)
        if result > left:
            raise Held(
                "exceeds_remaining",
                f"Line {self.order_line_id}: {what} {result} {self.currency} is due for {self.quantity} "
                f"units, but only {left} is left to refund.",
                {"what": what, "whole": str(line_carries), "left": str(left), "due": str(result)},
            )
        return Share(
            what=what,
            whole=line_carries,
            done=self.done,
            quantity=self.quantity,
            units=self.units,
            remaining_before=left,
            result=result,
            formula=f"round({line_carries} × {self.done + self.quantity} ÷ {self.units})"
            f" − round({line_carries} × {self.done} ÷ {self.units})",
        )

    def _figure(self, what: str, figure: Decimal | None) -> Decimal:
        if figure is None or not fits(figure, self.currency) or figure < 0:
            raise Held(
                "line_does_not_add_up",
                f"Line {self.order_line_id}: {what} is {figure}, which is no amount in {self.currency}.",
            )
        return round_money(figure, self.currency)


class LineShares(Fact):
    """Every share of one refund; taxes and fees by their code. `shipping` is None where none is refunded."""

    price: Share
    shipping: Share | None
    taxes: dict[str, Share]
    shipping_taxes: dict[str, Share]
    fees: dict[str, Share]

    def in_order(self) -> tuple[Share, ...]:
        """All shares, in the order in which a person reads them."""
        shipping = () if self.shipping is None else (self.shipping,)
        by_code = (*self.taxes.values(), *self.shipping_taxes.values(), *self.fees.values())
        return (self.price, *shipping, *by_code)


def next_portion(line: OrderLine, *, quantity: int, done: int, currency: str) -> Portion:
    """The next `quantity` units of the line, after the first `done`.

    :raises Held: `line_does_not_add_up`; `exceeds_remaining` where the line has not that many units left.
    """
    units = active_units(line)
    if done + quantity > units:
        raise Held(
            "exceeds_remaining",
            f"Line {line.order_line_id}: {quantity} units are due, but {done} of its {units} are refunded.",
            {"what": "units", "whole": units, "left": units - done, "due": quantity},
        )
    return Portion(order_line_id=line.order_line_id, done=done, quantity=quantity, units=units, currency=currency)


def line_shares(
    line: OrderLine,
    portion: Portion,
    *,
    with_shipping: bool,
    fee_codes: frozenset[str],
    tax_rules: Mapping[str, str],
) -> LineShares:
    """What the portion comes to in each figure that OR28 must be given.

    :raises Held: as `Portion.of` does, and `tax_without_rule`, `unknown_tax_rule`.
    """
    past = line.refunds
    shipping, shipping_taxes = None, {}
    if with_shipping:
        shipping = portion.of(
            "shipping_price", line.shipping_price, refunded=[refund.shipping_amount for refund in past]
        )
        shipping_taxes = _by_code(
            portion,
            "shipping tax",
            _to_be_sent(line, line.shipping_taxes, tax_rules),
            refunded=[tax for refund in past for tax in refund.shipping_taxes],
        )
    return LineShares(
        price=portion.of("price", line.price, refunded=[refund.amount for refund in past]),
        shipping=shipping,
        taxes=_by_code(
            portion,
            "tax",
            _to_be_sent(line, line.taxes, tax_rules),
            refunded=[tax for refund in past for tax in refund.taxes],
        ),
        shipping_taxes=shipping_taxes,
        fees=_by_code(
            portion,
            "fee",
            [fee for fee in line.fees if fee.code in fee_codes],
            refunded=[fee for refund in past for fee in refund.fees],
        ),
    )


def _to_be_sent(line: OrderLine, taxes: Iterable[Tax], tax_rules: Mapping[str, str]) -> list[Tax]:
    """Those of rule NONE: Mirakl gives back only what it is told of them, and works out the others itself."""
    rules = [(tax, tax.calculation_rule or tax_rules.get(tax.code)) for tax in taxes]
    for tax, rule in rules:
        if rule is None:
            raise Held(
                "tax_without_rule",
                f"Line {line.order_line_id}: neither OR11 nor OR75 says how tax {tax.code} is refunded.",
            )
        if rule not in TAX_RULES:
            raise Held(
                "unknown_tax_rule",
                f"Line {line.order_line_id}: tax {tax.code} has the unknown calculation rule {rule}.",
            )
    return [tax for tax, rule in rules if rule == "NONE"]


def _by_code(
    portion: Portion, kind: str, carried: Sequence[Tax | Fee], *, refunded: Sequence[Tax | Fee]
) -> dict[str, Share]:
    codes = [part.code for part in carried]
    if len(set(codes)) < len(codes):
        raise Held(
            "line_does_not_add_up",
            f"Line {portion.order_line_id} carries one {kind} twice, which OR28 cannot tell apart.",
        )
    return {
        part.code: portion.of(
            f"{kind} {part.code}",
            part.amount,
            refunded=[back.amount for back in refunded if back.code == part.code],
        )
        for part in carried
    }
