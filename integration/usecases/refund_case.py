"""What the ledger knows of a refund that is due, and what it says against paying it on Mirakl."""

from __future__ import annotations

from dataclasses import dataclass

from integration.domain.refund_limits import Approval
from integration.errors import Held
from integration.ledger.journal import unsent_on_trust
from integration.ledger.refunds import approval_of, attributed_ids, refund_of_intent, refunds, refunds_of_others
from integration.ledger.returns import get_return, lines_of
from integration.ledger.tables import Intent, RefundRow, ReturnLineRow, ReturnRow
from integration.usecases.ports import Ports


@dataclass(frozen=True)
class Case:
    """A refund of one return line.

    `ours`: Mirakl's refund ids of that order line that are confirmed as ours, with their units. `attributed`: those of
    the whole order that belong to an intent of ours. `others`: those of which a person has said that they are for
    something else than the units of this return line. `settled_units`: those of this return line that are confirmed as
    refunded. `may_have_landed`: an earlier sending may stand on Mirakl.
    """

    refund: RefundRow
    row: ReturnRow
    line: ReturnLineRow
    ours: dict[str, int]
    attributed: frozenset[str]
    others: frozenset[str]
    settled_units: int
    approved: Approval | None
    may_have_landed: bool


def read_case(ports: Ports, intent: Intent) -> Case:
    """:raises Held: `return_not_in_ledger`."""
    with ports.ledger.read() as tx:
        refund = refund_of_intent(tx, intent.id)
        row = get_return(tx, refund.return_id or "")
        lines = [line for line in lines_of(tx, refund.return_id or "") if line.order_line_id == refund.order_line_id]
        if row is None or not lines:
            raise Held("return_not_in_ledger", f"The return of refund {intent.id} is not in the ledger.")
        return Case(
            refund,
            row,
            lines[0],
            ours={
                known.row.mirakl_refund_id: known.row.quantity or 0
                for known in refunds(tx, order_id=refund.order_id)
                if known.intent is not None
                and known.row.mirakl_refund_id is not None
                and known.row.order_line_id == refund.order_line_id
            },
            attributed=attributed_ids(tx, refund.order_id),
            others=refunds_of_others(tx, refund),
            settled_units=sum(
                known.row.quantity or 0
                for known in refunds(tx, return_id=refund.return_id or "")
                if known.row.order_line_id == refund.order_line_id and known.state in ("confirmed", "refunded")
            ),
            approved=approval_of(tx, intent.id) if ports.settings.refund_hold_above else None,
            may_have_landed=intent.sends > 0 or ("baseline" in intent.plan and unsent_on_trust(tx, intent.id)),
        )


def currency_of(row: ReturnRow) -> str:
    """:raises Held: `currency_unknown`."""
    if row.currency is None:
        raise Held("currency_unknown", f"Reveni does not say in which currency return {row.return_id} is.")
    return row.currency
