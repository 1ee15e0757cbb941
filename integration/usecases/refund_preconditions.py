"""What must hold of a return and of its order line before anything of them is refunded. What does not is held."""

from __future__ import annotations

from datetime import timedelta

from integration.domain.orders import OrderLine, Waits
from integration.domain.refund_guards import missing_from_list, refunded_elsewhere
from integration.domain.refund_matching import in_figures
from integration.domain.returns import CLOSED, ENDED_EARLY
from integration.errors import Held
from integration.ledger.tables import Intent, ReturnLineRow, ReturnRow
from integration.usecases.ports import Ports
from integration.usecases.refund_case import Case

INCOMPLETE_FOR = 3_600.0
"""Seconds for which a list of refunds that is not complete is read again before a person is asked."""


def require_open_return(row: ReturnRow, line: ReturnLineRow) -> None:
    """:raises Held: `return_ended_early`, `return_closed`, `unmapped_return_reason`, `return_held`."""
    if row.mirakl_state in ENDED_EARLY:
        raise Held(
            "return_ended_early",
            f"Return {row.return_id} is {row.mirakl_state} on Mirakl, and Reveni accepted units of it: see who is to "
            "pay the shopper.",
        )
    if row.mirakl_state == CLOSED:
        raise Held(
            "return_closed",
            f"Return {row.return_id} was closed on Mirakl before this refund was sent: see whether whoever closed it "
            "has refunded the shopper.",
        )
    if line.refund_reason is None:
        raise Held(
            "unmapped_return_reason",
            f"Line {line.order_line_id} of return {row.return_id} has no refund reason: map {line.reason_code} in "
            f"return_reasons.csv, replay return {row.return_id}, then replay this refund.",
            {"codes": [line.reason_code or "(none)"]},
        )
    if row.held_reason is not None:
        raise Held(
            "return_held",
            f"Return {row.return_id} is held ({row.held_reason}): settle that first, then replay this refund.",
        )


def require_units_left(case: Case) -> None:
    """:raises Held: `units_refunded_already`."""
    units, accepted = case.refund.quantity or 0, case.line.accepted
    if case.settled_units + units > accepted:
        raise Held(
            "units_refunded_already",
            f"{case.settled_units} of the {accepted} accepted units of line {case.line.order_line_id} of return "
            f"{case.row.return_id} are refunded already, and {units} more would be too many: compare them with Mirakl.",
        )


def require_complete_refunds(ports: Ports, intent: Intent, line: OrderLine, *, expected: frozenset[str]) -> None:
    """Whether a refund is there, only a list that is whole can say.

    :param expected: ids of refunds of this line that are known to be there.
    :raises Waits: `refunds_not_shown`; the order is read again.
    :raises Held: `refunds_not_shown`, after an hour of that.
    """
    why = missing_from_list(line, expected=expected)
    if why is None:
        return
    with ports.ledger.read() as tx:
        waited = tx.now - (intent.sent_at or intent.created_at)
    if waited > timedelta(seconds=ports.settings.scaled(INCOMPLETE_FOR)):
        raise Held(
            "refunds_not_shown",
            f"{why} (OR11): whether this refund is among them is not known. Look at the order on Mirakl, then replay.",
        )
    raise Waits("refunds_not_shown")


def require_not_refunded_elsewhere(case: Case, line: OrderLine) -> None:
    """:raises Held: `refunded_elsewhere`."""
    found = refunded_elsewhere(line, attributed=case.attributed, others=case.others, announced=case.row.date_created)
    if found:
        raise Held(
            "refunded_elsewhere",
            f"Line {line.order_line_id} of return {case.row.return_id} carries {'; '.join(map(in_figures, found))}, "
            "which this ledger has not made. Say which one is for these units, or that all are for something else.",
            {"elsewhere": [past.model_dump(mode="json") for past in found]},
        )
