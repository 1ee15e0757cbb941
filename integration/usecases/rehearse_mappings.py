"""What the mapping files would have done to the returns of the past: which of them they would have held, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from integration.domain.orders import Order
from integration.domain.returns import map_reasons
from integration.errors import Held
from integration.mirakl.wire import Return
from integration.usecases.create_return import unit_price
from integration.usecases.ports import Ports
from mappings import Mappings


@dataclass(frozen=True)
class Line:
    """A line of a return with the reason that counts for it: its own, else the return's."""

    order_line_id: str
    reason_code: str | None


@dataclass(frozen=True)
class Finding:
    """`what`: the reason code, the SKU, the order or the line that returns would have been held for."""

    held_reason: str
    what: str
    returns: int


@dataclass(frozen=True)
class Rehearsal:
    """:param reasons: how many lines came back for each of Mirakl's reasons, the most frequent first."""

    days: int
    mapping_version: str
    returns: int
    held: int
    reasons: Mapping[str, int]
    findings: tuple[Finding, ...]


def rehearse_mappings(ports: Ports, *, days: int) -> Rehearsal:
    """Read the returns that changed in the last `days` days (RT11) with their orders (OR11). Nothing is written.

    :raises Retryable: Mirakl cannot be read now; RT11 may be called once in five minutes by the whole fleet.
    """
    with ports.ledger.read() as tx:
        since = tx.now - timedelta(days=days)
    returns = [found for page in ports.mirakl.returns_updated_since(since) for found in page]
    order_ids = sorted({found.order_id for found in returns})
    orders = {order.order_id: order for order in ports.mirakl.orders(order_ids)} if order_ids else {}
    tables, refund_reasons = ports.mappings.current(), ports.reference.refund_reasons()
    causes = [_causes(found, orders.get(found.order_id), tables, refund_reasons) for found in returns]
    lines = Counter(found.reason_of(line) or "(none)" for found in returns for line in found.return_lines)
    findings = Counter(cause for of_one in causes for cause in of_one)
    return Rehearsal(
        days=days,
        mapping_version=tables.version,
        returns=len(returns),
        held=sum(1 for of_one in causes if of_one),
        reasons=dict(lines.most_common()),
        findings=tuple(Finding(reason, what, number) for (reason, what), number in findings.most_common()),
    )


def _causes(
    found: Return, order: Order | None, tables: Mappings, refund_reasons: Mapping[str, tuple[str, bool]]
) -> set[tuple[str, str]]:
    """All that would have held this return, as (held reason, what)."""
    lines = [Line(line.order_line_id, found.reason_of(line)) for line in found.return_lines]
    causes: set[tuple[str, str]] = set()
    try:
        map_reasons(lines, tables, refund_reasons=refund_reasons)
    except Held as held:
        causes |= {(held.reason, code) for code in held.evidence["codes"]}
    if order is None:
        return causes | {("order_not_on_mirakl", found.order_id)}
    for line in lines:
        causes |= _causes_of_line(order, line, tables)
    return causes


def _causes_of_line(order: Order, line: Line, tables: Mappings) -> set[tuple[str, str]]:
    try:
        unit_price(order, line.order_line_id)
    except Held as held:
        return {(held.reason, line.order_line_id)}
    ordered = order.line(line.order_line_id)
    offer_sku = (ordered.offer_sku if ordered else None) or ""
    return set() if offer_sku and tables.skus.to_reveni(offer_sku) else {("unmapped_sku", offer_sku or "(none)")}
