"""Which refunds on Mirakl explain open ones of ours: read and worked out, and nothing changed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from integration.domain.orders import Order, OrderLine, PastRefund, Waits
from integration.domain.other_refunds import is_certainly, one_to_one, without
from integration.domain.refund_guards import refunded_elsewhere
from integration.domain.refunds import Asked, calculate
from integration.errors import Held
from integration.ledger.refunds import refund_of_intent
from integration.ledger.standing import open_of_kinds
from integration.ledger.tables import Intent
from integration.usecases.ports import Ports
from integration.usecases.refund_case import Case, currency_of, read_case


@dataclass(frozen=True)
class Explained:
    """One refund of ours that is open.

    `others`: refunds of its line that are nobody's, made since the return was announced. `is_refund`: the one that it
    is. `why`: what keeps it from being one of them.
    """

    refund_id: uuid.UUID
    others: tuple[PastRefund, ...]
    why: str
    is_refund: PastRefund | None = None
    currency: str | None = None


def explain_refunds(ports: Ports) -> list[Explained]:
    """Hold every open refund against its order on Mirakl (OR11).

    :raises Retryable: Mirakl could not be read.
    """
    with ports.ledger.read() as tx:
        open_now = open_of_kinds(tx, ["push_refund"], states=("decided", "claimed", "held"))
        order_ids = {intent.id: refund_of_intent(tx, intent.id).order_id for intent in open_now}
    cases = {intent.id: _case(ports, intent) for intent in open_now}
    orders = {order.order_id: order for order in ports.mirakl.orders(sorted(set(order_ids.values())))}
    found: dict[uuid.UUID, Explained] = {}
    equal: dict[uuid.UUID, list[PastRefund]] = {}
    for one, case in cases.items():
        found[one], equal[one] = _explain(ports, one, case, orders.get(order_ids[one]))
    certain = one_to_one(equal)
    return [replace(known, is_refund=certain[one]) if one in certain else known for one, known in found.items()]


def _case(ports: Ports, intent: Intent) -> Case | None:
    try:
        return read_case(ports, intent)
    except Held:
        return None


def _explain(
    ports: Ports, one: uuid.UUID, case: Case | None, order: Order | None
) -> tuple[Explained, list[PastRefund]]:
    line = None if case is None or order is None else order.line(case.line.order_line_id)
    if case is None or order is None or line is None:
        return Explained(one, (), "Mirakl does not show its order line."), []
    if not line.refunds_shown:
        return Explained(one, (), "Mirakl leaves the refunds of its line out."), []
    others = refunded_elsewhere(line, attributed=case.attributed, others=case.others, announced=case.row.date_created)
    if not others:
        return Explained(one, (), "Nobody has refunded its line since the return was announced."), []
    try:
        asked = _asked(ports, case, order, line, others)
    except (Held, Waits) as failure:
        why = f"What it would come to cannot be worked out ({getattr(failure, 'reason', 'unknown')})."
        return Explained(one, tuple(others), why, currency=order.currency), []
    equal = [past for past in others if is_certainly(past, asked)]
    why = f"It comes to {asked.amount} + {asked.shipping_amount} {asked.currency} for {asked.quantity} unit(s): "
    why += "none of them is that." if not equal else "more than one may be it, or it may be another of ours."
    return Explained(one, tuple(others), why, currency=order.currency), equal


def _asked(ports: Ports, case: Case, order: Order, line: OrderLine, others: list[PastRefund]) -> Asked:
    """What it would have asked for before the others were made."""
    before = without(order, line.order_line_id, {past.id for past in others})
    return calculate(
        before,
        order_line_id=line.order_line_id,
        quantity=case.refund.quantity or 0,
        reason_code=case.line.refund_reason or "",
        shipping_refund="proportional" if case.line.shipping_refund == "proportional" else "none",
        ours=case.ours,
        fee_codes=ports.settings.refund_fee_codes,
        tax_rules=_tax_rules(ports, line),
        currency=currency_of(case.row),
    ).asked


def _tax_rules(ports: Ports, line: OrderLine) -> Mapping[str, str]:
    unruled = any(tax.calculation_rule is None for tax in (*line.taxes, *line.shipping_taxes))
    return ports.reference.tax_rules() if unruled else {}
