"""Whether an order line can be refunded at all, before any amount is worked out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from integration.domain.orders import (
    DEAD_STATES,
    DEBITED_LATE_WORKFLOWS,
    REFUNDABLE_LINE_STATES,
    REFUNDABLE_STATES,
    TAX_MODES,
    UNDEBITED_STATES,
    Order,
    OrderLine,
    PastRefund,
    Waits,
)
from integration.errors import Held


def refundable_line(order: Order, *, order_line_id: str, currency: str) -> OrderLine:
    """The line that is to be refunded, in an order that is alive, debited, and in the currency expected.

    :raises Waits: `order_not_debited`.
    :raises Held: `order_closed`, `unknown_order_state`, `currency_differs`, `order_line_not_in_order`,
        `order_line_closed`, `unknown_order_line_state`.
    """
    _check_order_state(order)
    if order.currency != currency:
        raise Held(
            "currency_differs",
            f"Order {order.order_id} is in {order.currency}, the return in {currency}.",
        )
    line = order.line(order_line_id)
    if line is None:
        raise Held("order_line_not_in_order", f"Order {order.order_id} has no line {order_line_id}.")
    _check_line_state(line)
    return line


def known_tax_mode(order: Order) -> str:
    """How the order's amounts are expressed; a refund must say it, and in the same mode.

    :raises Held: `unknown_tax_mode`.
    """
    if order.tax_mode is None or order.tax_mode not in TAX_MODES:
        raise Held("unknown_tax_mode", f"Order {order.order_id} has the unknown tax mode {order.tax_mode}.")
    return order.tax_mode


def missing_from_list(line: OrderLine, *, expected: Collection[str]) -> str | None:
    """Why the line's list of refunds proves nothing, in words; None where it is complete.

    :param expected: ids of refunds of the line that are known to be there. A list without them is not the whole list.
    """
    if not line.refunds_shown:
        return f"Mirakl leaves the refunds of line {line.order_line_id} out"
    missing = sorted(set(expected) - {refund.id for refund in line.refunds})
    return f"Mirakl does not show refund {', '.join(missing)} of line {line.order_line_id}" if missing else None


def refunded_elsewhere(
    line: OrderLine, *, attributed: Collection[str], others: Collection[str], announced: datetime | None
) -> list[PastRefund]:
    """The line's refunds that may be for the very units that came back, though no intent of ours made them.

    A ledger can know less than the world: it was restored, emptied, is one of two, or a person was faster. What is
    older than the return cannot be for it; what has no date may be.

    :param attributed: ids of refunds that an intent of ours has made.
    :param others: ids of refunds of which a person has said that they are for something else.
    :param announced: when the return was announced on Mirakl; None where that is not known.
    """
    strangers = [refund for refund in line.refunds if refund.id not in {*attributed, *others}]
    return [one for one in strangers if announced is None or one.created_date is None or one.created_date >= announced]


def units_refunded(line: OrderLine, ours: Mapping[str, int]) -> int:
    """How many units of the line were refunded before, by us (`ours`: refund id to units) and by others.

    A refund by others that names no quantity counts as no unit, since Mirakl's quantity is informative
    only; its amount still limits what is left.

    :raises Held: `confirmed_refund_missing` where a refund of ours is not on the order,
        `line_does_not_add_up`.
    """
    missing = sorted(ours.keys() - {refund.id for refund in line.refunds})
    if missing:
        raise Held(
            "confirmed_refund_missing",
            f"Line {line.order_line_id} no longer shows our confirmed refunds {', '.join(missing)}.",
        )
    units = [ours.get(refund.id, refund.quantity or 0) for refund in line.refunds]
    if any(quantity < 0 for quantity in units):
        raise Held("line_does_not_add_up", f"Line {line.order_line_id} carries a refund of less than no unit.")
    return sum(units)


def _check_order_state(order: Order) -> None:
    if order.state in DEAD_STATES:
        raise Held("order_closed", f"Order {order.order_id} is {order.state}: Mirakl refunds it no more.")
    debited_late = order.payment_workflow in DEBITED_LATE_WORKFLOWS and order.customer_debited_date is None
    if order.state in UNDEBITED_STATES or (order.state in REFUNDABLE_STATES and debited_late):
        raise Waits("order_not_debited")
    if order.state not in REFUNDABLE_STATES:
        raise Held("unknown_order_state", f"Order {order.order_id} is in the unknown state {order.state}.")


def _check_line_state(line: OrderLine) -> None:
    if line.state in DEAD_STATES:
        raise Held("order_line_closed", f"Line {line.order_line_id} is {line.state}, though its order is not.")
    if line.state in UNDEBITED_STATES:
        raise Waits("order_not_debited")
    if line.state not in REFUNDABLE_LINE_STATES:
        raise Held(
            "unknown_order_line_state",
            f"Line {line.order_line_id} is in the unknown state {line.state}.",
        )
