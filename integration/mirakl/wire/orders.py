"""Orders (OR11). The shopper has a model of its own, so that no fact of an order carries personal data."""

from __future__ import annotations

from typing import Any

from pydantic import AliasPath, Field

from integration.domain import orders as facts
from integration.domain.facts import Amount, Moment
from integration.wire import Many, Wire


class OrdersPage(Wire):
    """One page of OR11. Orders stay undecoded here: one that does not fit must not hide the others."""

    total_count: int
    orders: Many[dict[str, Any]] = ()


class Tax(Wire):
    code: str
    amount: Amount | None = None
    rate: Amount | None = None
    tax_calculation_rule: str | None = None

    def facts(self) -> facts.Tax:
        return facts.Tax(code=self.code, amount=self.amount, rate=self.rate, calculation_rule=self.tax_calculation_rule)


class Fee(Wire):
    code: str
    amount: Amount | None = None

    def facts(self) -> facts.Fee:
        return facts.Fee(code=self.code, amount=self.amount)


class Cancelation(Wire):
    id: str
    quantity: int | None = None
    amount: Amount | None = None
    shipping_amount: Amount | None = None

    def facts(self) -> facts.Cancelation:
        return facts.Cancelation(
            id=self.id, quantity=self.quantity, amount=self.amount, shipping_amount=self.shipping_amount
        )


class Refund(Wire):
    id: str
    order_refund_id: str | None = None
    amount: Amount | None = None
    shipping_amount: Amount | None = None
    quantity: int | None = None
    reason_code: str | None = None
    refund_state: str | None = None
    state: str | None = None
    created_date: Moment | None = None
    transaction_date: Moment | None = None
    taxes: Many[Tax] = ()
    shipping_taxes: Many[Tax] = ()
    fees: Many[Fee] = ()
    commission_total_amount: Amount | None = None

    def facts(self) -> facts.PastRefund:
        return facts.PastRefund(
            id=self.id,
            order_refund_id=self.order_refund_id,
            amount=self.amount,
            shipping_amount=self.shipping_amount,
            quantity=self.quantity,
            reason_code=self.reason_code,
            # `state` is deprecated, and the only one that Mirakl's own sample shows.
            state=self.refund_state or self.state,
            created_date=self.created_date,
            transaction_date=self.transaction_date,
            taxes=tuple(tax.facts() for tax in self.taxes),
            shipping_taxes=tuple(tax.facts() for tax in self.shipping_taxes),
            fees=tuple(fee.facts() for fee in self.fees),
            commission_total_amount=self.commission_total_amount,
        )


class Promotion(Wire):
    id: str
    deduced_amount: Amount | None = None

    def facts(self) -> facts.Promotion:
        return facts.Promotion(id=self.id, deduced_amount=self.deduced_amount)


class OrderLine(Wire):
    order_line_id: str
    offer_sku: str | None = None
    product_title: str | None = None
    order_line_state: str | None = None
    quantity: int | None = None
    price: Amount | None = None
    price_unit: Amount | None = None
    shipping_price: Amount | None = None
    total_commission: Amount | None = None
    can_refund: bool | None = None
    taxes: Many[Tax] = ()
    shipping_taxes: Many[Tax] = ()
    fees: Many[Fee] = ()
    cancelations: Many[Cancelation] = ()
    refunds: tuple[Refund, ...] | None = None
    """None where the list is missing or null: that is no list without a refund."""
    promotions: Many[Promotion] = ()

    def facts(self) -> facts.OrderLine:
        return facts.OrderLine(
            order_line_id=self.order_line_id,
            offer_sku=self.offer_sku,
            product_title=self.product_title,
            state=self.order_line_state,
            quantity=self.quantity,
            price=self.price,
            price_unit=self.price_unit,
            shipping_price=self.shipping_price,
            total_commission=self.total_commission,
            can_refund=self.can_refund,
            taxes=tuple(tax.facts() for tax in self.taxes),
            shipping_taxes=tuple(tax.facts() for tax in self.shipping_taxes),
            fees=tuple(fee.facts() for fee in self.fees),
            cancelations=tuple(cancelation.facts() for cancelation in self.cancelations),
            refunds=tuple(refund.facts() for refund in self.refunds or ()),
            refunds_shown=self.refunds is not None,
            promotions=tuple(promotion.facts() for promotion in self.promotions),
        )


class Order(Wire):
    order_id: str
    commercial_id: str | None = None
    order_state: str | None = None
    order_tax_mode: str | None = None
    currency_iso_code: str | None = None
    payment_workflow: str | None = None
    created_date: Moment | None = None
    last_updated_date: Moment | None = None
    customer_debited_date: Moment | None = None
    acceptance_decision_date: Moment | None = None
    order_lines: Many[OrderLine] = ()

    def facts(self) -> facts.Order:
        """The order as decisions know it: no personal data."""
        return facts.Order(
            order_id=self.order_id,
            commercial_id=self.commercial_id,
            state=self.order_state,
            tax_mode=self.order_tax_mode,
            currency=self.currency_iso_code,
            payment_workflow=self.payment_workflow,
            created_date=self.created_date,
            last_updated_date=self.last_updated_date,
            customer_debited_date=self.customer_debited_date,
            acceptance_decision_date=self.acceptance_decision_date,
            lines=tuple(line.facts() for line in self.order_lines),
        )


class Shopper(Wire):
    """Personal data: fetched when it is needed, sent to Reveni only, never written down or shown.

    `email` is Mirakl's alias for the shopper, not the shopper's own address.
    """

    email: str | None = Field(None, validation_alias="customer_notification_email", repr=False)
    first_name: str | None = Field(None, validation_alias=AliasPath("customer", "firstname"), repr=False)
    last_name: str | None = Field(None, validation_alias=AliasPath("customer", "lastname"), repr=False)
