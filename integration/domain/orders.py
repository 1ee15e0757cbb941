"""The facts of a Mirakl order (OR11) that acknowledgement and refunds rest on.

They hold no personal data. All but the ids may be None or empty, since Mirakl leaves out fields it calls
required: a figure that is missing stays missing, and whoever needs it holds the case and assumes nothing.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact
from typing import Literal

from integration.domain.facts import Amount, Fact, Moment
from integration.errors import BackhaulError, Held
from integration.money import plausible

# Mirakl's order states (OR11). Some tenants have been seen to write CANCELLED for CANCELED.
UNDEBITED_STATES = frozenset({"STAGING", "WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT"})
CANCELED_STATES = frozenset({"CANCELED", "CANCELLED"})
DEAD_STATES = frozenset({"CLOSED", "REFUSED"}) | CANCELED_STATES
# WAITING_REFUND and WAITING_REFUND_PAYMENT are deprecated: refunds[] carries the progress of a refund today.
REFUNDABLE_STATES = frozenset(
    {"SHIPPING", "SHIPPED", "TO_COLLECT", "RECEIVED", "WAITING_REFUND", "WAITING_REFUND_PAYMENT"}
)
REFUNDABLE_LINE_STATES = REFUNDABLE_STATES | {"INCIDENT_OPEN", "REFUNDED"}
UNDECIDED_STATES = frozenset({"STAGING", "WAITING_ACCEPTANCE"})
ACCEPTED_STATES = (UNDEBITED_STATES - UNDECIDED_STATES) | REFUNDABLE_STATES | {"CLOSED"}

EXACT = Context(prec=100, traps=[Inexact])
"""More digits than plausible figures and their products have, so that nothing is rounded."""

TAX_MODES = frozenset({"TAX_INCLUDED", "TAX_EXCLUDED"})
# The customer is debited after the parcel has left, so SHIPPED does not yet mean debited.
DEBITED_LATE_WORKFLOWS = frozenset({"PAY_ON_DELIVERY", "PAY_ON_DUE_DATE", "PAY_ON_SHIPMENT"})

Verdict = Literal["waiting", "accepted", "missed", "refused", "canceled"]


class Waits(BackhaulError):
    """Nothing is wrong, it is too early: ask again later.

    :param reason: snake_case and stable, such as `order_not_debited`; the open row shows it meanwhile.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Tax(Fact):
    """One tax of a line, or of a past refund (which has no calculation rule)."""

    code: str
    amount: Amount | None = None
    rate: Amount | None = None
    calculation_rule: str | None = None


class Fee(Fact):
    """One order fee of a line, or the part of it that was refunded."""

    code: str
    amount: Amount | None = None


class Cancelation(Fact):
    """Units canceled before they were debited. The line's price no longer contains them."""

    id: str
    quantity: int | None = None
    amount: Amount | None = None
    shipping_amount: Amount | None = None


class PastRefund(Fact):
    """A refund that stands on a line, whoever made it. `state` is OR11's `refund_state`, else its `state`."""

    id: str
    order_refund_id: str | None = None
    amount: Amount | None = None
    shipping_amount: Amount | None = None
    quantity: int | None = None
    reason_code: str | None = None
    state: str | None = None
    created_date: Moment | None = None
    transaction_date: Moment | None = None
    taxes: tuple[Tax, ...] = ()
    shipping_taxes: tuple[Tax, ...] = ()
    fees: tuple[Fee, ...] = ()
    commission_total_amount: Amount | None = None


class Promotion(Fact):
    """A promotion that is already taken off the line's price."""

    id: str
    deduced_amount: Amount | None = None


class OrderLine(Fact):
    """A line. `price` is the total of its active units, without shipping and after promotions; refunds never
    change it, cancelations do.

    `refunds_shown` is false where Mirakl leaves the list of refunds out, or null: then nothing is known of them.
    """

    order_line_id: str
    offer_sku: str | None = None
    product_title: str | None = None
    state: str | None = None
    quantity: int | None = None
    price: Amount | None = None
    price_unit: Amount | None = None
    shipping_price: Amount | None = None
    total_commission: Amount | None = None
    can_refund: bool | None = None
    taxes: tuple[Tax, ...] = ()
    shipping_taxes: tuple[Tax, ...] = ()
    fees: tuple[Fee, ...] = ()
    cancelations: tuple[Cancelation, ...] = ()
    refunds: tuple[PastRefund, ...] = ()
    refunds_shown: bool = True
    promotions: tuple[Promotion, ...] = ()


class Order(Fact):
    """An order. Its amounts, taxes and refunds are all expressed in its own `tax_mode`."""

    order_id: str
    commercial_id: str | None = None
    state: str | None = None
    tax_mode: str | None = None
    currency: str | None = None
    payment_workflow: str | None = None
    created_date: Moment | None = None
    last_updated_date: Moment | None = None
    customer_debited_date: Moment | None = None
    acceptance_decision_date: Moment | None = None
    lines: tuple[OrderLine, ...] = ()

    def line(self, order_line_id: str) -> OrderLine | None:
        """The line of that id, which is opaque: it need not begin with the order's id."""
        return next((line for line in self.lines if line.order_line_id == order_line_id), None)


def acceptance_verdict(order: Order) -> Verdict:
    """What became of the acceptance of an order, by its state as OR11 shows it.

    `missed` is a refusal that nobody decided: the operator's delay ran out (no `acceptance_decision_date`).

    :raises Held: `unknown_order_state`.
    """
    if order.state in UNDECIDED_STATES:
        return "waiting"
    if order.state in ACCEPTED_STATES:
        return "accepted"
    if order.state in CANCELED_STATES:
        return "canceled"
    if order.state == "REFUSED":
        return "missed" if order.acceptance_decision_date is None else "refused"
    raise Held("unknown_order_state", f"Order {order.order_id} is in the unknown state {order.state}.")


def active_units(line: OrderLine) -> int:
    """How many units the line's `price` stands for; 0 where all were canceled.

    `quantity` may or may not still count canceled units, while the price never does: of the two readings,
    the one that the prices bear out holds.

    :raises Held: `line_does_not_add_up` where neither reading does.
    """
    quantity, price, price_unit = line.quantity, line.price, line.price_unit
    canceled = sum(cancelation.quantity or 0 for cancelation in line.cancelations)
    if quantity is not None and price is not None and price_unit is not None:
        for units in (quantity, quantity - canceled):
            if units >= 0 and _is_total(price, price_unit, units, rounded=bool(line.promotions)):
                return units
    raise Held(
        "line_does_not_add_up",
        f"Line {line.order_line_id}: price {price} is not price_unit {price_unit} times quantity {quantity}, "
        f"with or without its {canceled} canceled units.",
    )


def _is_total(price: Decimal, price_unit: Decimal, units: int, *, rounded: bool) -> bool:
    if not (plausible(price) and plausible(price_unit)):
        return False
    difference = EXACT.abs(EXACT.subtract(price, EXACT.multiply(price_unit, Decimal(units))))
    if not rounded:
        return difference == 0
    # A promotion can leave a total that no unit price divides (20.00 for 3 units at 6.67): each unit may
    # then be off by half of the last decimal that is shown.
    return difference <= EXACT.multiply(Decimal(units), _half_of_the_last_decimal(price, price_unit))


def _half_of_the_last_decimal(*figures: Decimal) -> Decimal:
    places = max(-int(figure.as_tuple().exponent) for figure in figures)
    return Decimal((0, (5,), -max(places, 0) - 1))
