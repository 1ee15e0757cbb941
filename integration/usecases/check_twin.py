"""Whether all that Reveni shows of a return can be: every line's verdict, or none."""

from __future__ import annotations

from collections.abc import Sequence

from integration.domain.returns import REVENI_STATUSES
from integration.domain.verdicts import LineVerdict, Units, check_verdict
from integration.errors import Held
from integration.ledger.tables import ReturnLineRow, ReturnRow
from integration.reveni.wire import ReturnItem, ReveniReturn

Verdicts = Sequence[tuple[ReturnLineRow, LineVerdict]]


def verdicts_of(items: Sequence[ReturnItem]) -> dict[str, LineVerdict]:
    """What Reveni says of each order line, all its items together; "" stands for items without an external id."""
    keys = dict.fromkeys(item.external_id or "" for item in items)
    return {key: LineVerdict(tuple(item for item in items if (item.external_id or "") == key)) for key in keys}


def check_twin(row: ReturnRow, lines: Sequence[ReturnLineRow], twin: ReveniReturn) -> Verdicts:
    """Every line that Reveni shows, in order, with its verdict.

    :raises Held: for one that cannot be; nothing is taken over then.
    """
    if twin.status not in REVENI_STATUSES:
        raise Held("unknown_reveni_status", f"Reveni gives return {row.return_id} the status {twin.status!r}.")
    if twin.items is None:
        raise Held("verdict_incomplete", f"Reveni leaves out the items of return {row.return_id}.")
    by_id = {line.order_line_id: line for line in lines}
    said = verdicts_of(twin.items)
    for item in twin.items:
        if (item.external_id or "") not in by_id:
            raise Held(
                "item_not_in_return",
                f"Reveni's item {item.id} ({item.external_id or 'no external id'}) is not in return {row.return_id}.",
            )
    for line in lines:
        if line.order_line_id not in said and line.accepted + line.rejected:
            raise Held(
                "verdict_incomplete",
                f"Reveni does not show line {line.order_line_id} any more, of which it had judged units.",
            )
    verdicts = [(by_id[key], verdict) for key, verdict in said.items()]
    for line, verdict in verdicts:
        check_verdict(_had_consequences(line), verdict, order_line_id=line.order_line_id)
    if twin.refunds is None and any(verdict.accepted_quantity for _, verdict in verdicts):
        raise Held(
            "verdict_incomplete",
            f"Reveni accepted units of return {row.return_id} and does not say whether it has paid for them.",
        )
    return verdicts


def _had_consequences(line: ReturnLineRow) -> Units:
    """Of the line. What Reveni said while the return stood still has had none, so it may be corrected there."""
    if line.accepted > line.refund_units:
        acted = max(line.refund_units, line.moved_units)
        return Units(line.quantity, acted, 0, line.sellable_units if line.restocked is not None else None)
    return Units(line.quantity, line.accepted, line.rejected, line.restocked)
