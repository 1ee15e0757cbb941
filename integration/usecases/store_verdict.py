"""Take over what the warehouse decided in Reveni: each accepted unit becomes a refund that is due and a movement.

Deliveries may come in any order, twice, or never (the poll finds those): quantities only grow, so the end is the same.
"""

from __future__ import annotations

from integration.domain.returns import REVENI_STATUSES
from integration.domain.verdicts import Units, check_verdict
from integration.errors import Held
from integration.ledger import intents
from integration.ledger.refunds import add_refund
from integration.ledger.returns import find_twin, lines_of, lock_return
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, ReturnLineRow, ReturnRow
from integration.reveni.wire import ReturnItem, ReveniReturn
from integration.usecases.advance_return import advance, hold_return
from integration.usecases.move_units import move_units
from integration.usecases.ports import Ports
from integration.usecases.two_payers import tell_of_two_payers


def store_verdict(ports: Ports, tx: Tx, twin: ReveniReturn) -> str:
    """Write down one Reveni return as just read (W3), and promise what follows from it, in the same transaction."""
    found = find_twin(tx, return_id=twin.external_id, reveni_return_id=twin.id)
    row = None if found is None else lock_return(tx, found.return_id)
    if row is None:
        return "not a return of this shop"
    if row.verdict_at and twin.updated_at and twin.updated_at < row.verdict_at:
        return "older than what is known"
    lines = {line.order_line_id: line for line in lines_of(tx, row.return_id)}
    try:
        verdicts = _checked(row, lines, twin)
    except Held as held:
        hold_return(tx, row, held)
        return f"held: {held.reason}"
    _take_over_return(row, twin)
    for line, item, units in verdicts:
        _take_over_line(line, item, units)
        _promise_refund(tx, row, line)
        move_units(ports, tx, line, units)
    tx.session.flush()
    tell_of_two_payers(tx, row)
    advance(ports, tx, row)
    return row.state


def is_known(tx: Tx, twin: ReveniReturn) -> bool:
    """Whether it says nothing that is not written down already, with all that follows from it."""
    row = find_twin(tx, return_id=twin.external_id, reveni_return_id=twin.id)
    if row is None:
        return True  # not a return of this shop
    facts = (row.reveni_return_id, row.reveni_status, row.reveni_type, row.reveni_mode, row.currency, row.verdict_at)
    if facts != (twin.id, twin.status, twin.type, twin.mode, twin.currency, twin.updated_at):
        return False
    lines = {line.order_line_id: _judged(line) for line in lines_of(tx, row.return_id)}
    return row.reveni_refunds == _refunds(twin) and all(
        lines.get(item.external_id or "") == _said(item) for item in twin.items
    )


def _judged(line: ReturnLineRow) -> tuple[object, ...]:
    return line.accepted, line.rejected, line.restocked, line.reject_reason, line.restock, line.received_sku


def _said(item: ReturnItem) -> tuple[object, ...]:
    quantities = item.accepted_quantity, item.rejected_quantity, item.restocked_quantity
    return *quantities, item.reject_reason, item.restock, item.received_sku


def _checked(
    row: ReturnRow, lines: dict[str, ReturnLineRow], twin: ReveniReturn
) -> list[tuple[ReturnLineRow, ReturnItem, Units]]:
    """Every item with its line, all of them in order: or none is taken over."""
    if twin.status not in REVENI_STATUSES:
        raise Held("unknown_reveni_status", f"Reveni gives return {row.return_id} the status {twin.status!r}.")
    verdicts = []
    for item in twin.items:
        line = lines.get(item.external_id or "")
        if line is None:
            raise Held(
                "item_not_in_return",
                f"Reveni's item {item.id} ({item.external_id or 'no external id'}) is not in return {row.return_id}.",
            )
        known = Units(line.quantity, line.accepted, line.rejected, line.restocked)
        verdicts.append((line, item, check_verdict(known, item, order_line_id=line.order_line_id)))
    return verdicts


def _take_over_return(row: ReturnRow, twin: ReveniReturn) -> None:
    row.reveni_return_id = row.reveni_return_id or twin.id
    row.reveni_status, row.reveni_type, row.reveni_mode = twin.status, twin.type, twin.mode
    row.currency = twin.currency
    row.reveni_refunds = _refunds(twin)
    row.verdict_at = twin.updated_at or row.verdict_at


def _refunds(twin: ReveniReturn) -> list[Facts]:
    return [refund.model_dump(mode="json") for refund in twin.refunds]


def _take_over_line(line: ReturnLineRow, item: ReturnItem, units: Units) -> None:
    line.accepted, line.rejected, line.restocked = units.accepted, units.rejected, units.restocked
    line.reject_reason, line.restock = item.reject_reason, item.restock
    line.received_sku = item.received_sku


def _promise_refund(tx: Tx, row: ReturnRow, line: ReturnLineRow) -> None:
    """A refund for the units accepted since the last one: once for each cumulative number of units."""
    due = line.accepted - line.refund_units
    if due <= 0:
        return
    intent, new = intents.decide(
        tx,
        "push_refund",
        f"{row.return_id}/{line.order_line_id}/{line.accepted}",
        group=f"refund:{row.order_id}",
    )
    if new:
        add_refund(
            tx, intent, return_id=row.return_id, order_id=row.order_id, order_line_id=line.order_line_id,
            cumulative_units=line.accepted, quantity=due,
        )  # fmt: skip
    line.refund_units = line.accepted
