"""Whatever happened to a return: work out its next step from all that is known, and promise it."""

from __future__ import annotations

from integration.domain.returns import REVENI_ENDED_EARLY, Progress, due_steps, state_of
from integration.errors import Held
from integration.ledger import intents
from integration.ledger.refunds import refunds
from integration.ledger.returns import lines_of, lock_return
from integration.ledger.reviews import open_review
from integration.ledger.store import Tx
from integration.ledger.tables import RefundRow, ReturnRow
from integration.usecases.halting_codes import is_news
from integration.usecases.ports import Ports

STEPS = (
    "accept_return", "create_return", "receive_return", "assess_return", "close_return", "cancel_return",
    "cancel_on_mirakl",
)  # fmt: skip


def advance(ports: Ports, tx: Tx, row: ReturnRow) -> None:
    """Promise the step that is due now, if any. Safe to call at any time: a step is promised once."""
    progress = _progress(ports, tx, row)
    row.state = state_of(progress, held=row.held_reason is not None)
    if row.held_reason is not None and row.mirakl_state not in ("CANCELED", "CANCELLED", "REFUSED"):
        return  # a held return goes nowhere until a person has looked at it
    for step in due_steps(progress):
        intents.decide(tx, step, row.return_id, group=f"return:{row.return_id}")


def advance_its_return(ports: Ports, tx: Tx, refund: RefundRow) -> None:
    """Now that a refund is settled, promise what is due for its return."""
    row = lock_return(tx, refund.return_id or "")
    if row is not None:
        advance(ports, tx, row)


def hold_return(tx: Tx, row: ReturnRow, held: Held) -> None:
    """This return, and no other, waits for a person."""
    row.held_reason, row.state = held.reason, "held"
    open_review(
        tx,
        kind="return",
        subject=row.return_id,
        reason=held.reason,
        detail=held.detail,
        evidence=held.evidence,
        alert=is_news(tx, held),
    )


def _progress(ports: Ports, tx: Tx, row: ReturnRow) -> Progress:
    lines = lines_of(tx, row.return_id)
    steps = {step: intents.find(tx, step, row.return_id) for step in STEPS}
    refund_states = [refund.state for refund in refunds(tx, return_id=row.return_id)]
    undecided = any(line.accepted > line.refund_units for line in lines)
    return Progress(
        mirakl_state=row.mirakl_state,
        mapped=bool(lines) and all(line.refund_reason is not None for line in lines),
        accept_by_us=ports.settings.return_acceptance == "auto",
        in_reveni=row.reveni_return_id is not None,
        ended_in_reveni=row.reveni_status in REVENI_ENDED_EARLY,
        done=[step for step, intent in steps.items() if intent is not None and intent.state in intents.SETTLED],
        units=[(line.quantity, line.accepted, line.rejected) for line in lines],
        refunds_open=undecided or any(state not in ("confirmed", "refunded", "dropped") for state in refund_states),
    )
