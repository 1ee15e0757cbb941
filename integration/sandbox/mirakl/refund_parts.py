"""What one refund may take from a line's price or from its shipping, and which taxes go with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integration.sandbox.amounts import amount_of, rounded
from integration.sandbox.mirakl.line_view import expressed
from integration.sandbox.mirakl.records import ZERO, Order, Tax
from integration.sandbox.mirakl.refusals import refusal


@dataclass(frozen=True)
class Part:
    """The price or the shipping of a line: the whole, what earlier refunds took, and the rule of each tax."""

    name: str
    order: Order
    whole: Decimal
    taxes: Sequence[Tax]
    done: Decimal
    taxes_done: Sequence[Tax]
    rules: Mapping[str, str]

    def take(self, asked: Any, asked_taxes: Any, mode: str) -> tuple[Decimal, list[Tax]]:
        """The amount in the order's own tax mode and the taxes that go back, for an amount in `mode`.

        :raises Refused: 400 where it is more than what is left, or a tax is given that must not be.
        :raises ValueError: an amount is malformed.
        """
        amount = amount_of(asked, self.order.currency)
        given = {str(tax["code"]): amount_of(tax["amount"], self.order.currency) for tax in asked_taxes or []}
        taxes = self._refunded_taxes(amount, given, mode)
        if mode == "TAX_INCLUDED":
            cap(f"tax on the {self.name}", _sum(tax.amount for tax in taxes), amount)
        if mode == self.order.tax_mode:
            own = amount
        else:
            total = _sum(tax.amount for tax in taxes)
            own = amount + total if self.order.tax_mode == "TAX_INCLUDED" else amount - total
        cap(self.name, self.done + own, self.whole)
        return own, taxes

    def _refunded_taxes(self, amount: Decimal, given: Mapping[str, Decimal], mode: str) -> list[Tax]:
        """NONE taxes as given, or not at all; PROPORTIONAL_TO_AMOUNT ones are computed (mirakl.md 3.1)."""
        known = {tax.code for tax in self.taxes}
        computed = {tax.code for tax in self.taxes if self._rule(tax) == "PROPORTIONAL_TO_AMOUNT"}
        for code in given:
            if code not in known or code in computed:
                raise refusal(400, f"The tax {code} must not be given for the {self.name}")
        refunded = []
        for tax in self.taxes:
            left = tax.amount - self._tax_done(tax.code)
            share = self._proportional(tax, left, amount, mode) if tax.code in computed else given.get(tax.code, ZERO)
            cap(f"tax {tax.code}", share, left)
            if share:
                refunded.append(Tax(tax.code, share, tax.rate))
        return refunded

    def _proportional(self, tax: Tax, left: Decimal, amount: Decimal, mode: str) -> Decimal:
        whole = expressed(self.order, self.whole, self.taxes, mode)
        done = expressed(self.order, self.done, self.taxes_done, mode)
        if whole == 0 or done + amount >= whole:
            return left if amount else ZERO
        return min(left, rounded(tax.amount * amount / whole, self.order.currency))

    def _rule(self, tax: Tax) -> str:
        return tax.rule or self.rules.get(tax.code, "NONE")

    def _tax_done(self, code: str) -> Decimal:
        return _sum(tax.amount for tax in self.taxes_done if tax.code == code)


def cap(name: str, taken: Decimal, whole: Decimal) -> None:
    """:raises Refused: 400 where more would be taken than there is."""
    if taken > whole:
        raise refusal(400, f"The {name} to refund is larger than what is left on the order line")


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
