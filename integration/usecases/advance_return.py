"""Whatever happened to a return: work out its next step from all that is known, and promise it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from integration.domain.returns import ENDED, ENDED_EARLY, REVENI_ENDED_EARLY, Progress, due_steps, state_of
from integration.errors import Held
from integration.ledger import intents
from integration.ledger.refunds import refunds
from integration.ledger.returns import get_return, lines_of, lock_return
from integration.ledger.reviews import open_review
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, RefundRow, ReturnLineRow, ReturnRow
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
    if row.held_reason is not None and row.mirakl_state not in ENDED_EARLY:
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


LEAVES_SOMETHING = frozenset({"twice_in_reveni", "unknown_outcome"})
"""Held for what may stand in Reveni, which a person has to see to, also of a return that has ended."""


def hold_step(tx: Tx, intent: Intent, held: Held) -> None:
    """The return of a step that cannot be taken waits for a person, unless its end on Mirakl has made the step moot."""
    row = get_return(tx, intent.subject)
    if row is None:
        return
    if not _is_moot(row, intent, held):
        hold_return(tx, row, held)
    elif (step := intents.get(tx, intent.id)) is not None:
        intents.close(tx, step, "dropped", reason="return_ended_early")


def _is_moot(row: ReturnRow, intent: Intent, held: Held) -> bool:
    if row.mirakl_state not in ENDED_EARLY:
        return False
    if intent.kind == "cancel_return":
        return row.taken_up_at is not None  # what its twin says is to count
    return row.taken_up_at is None and held.reason not in LEAVES_SOMETHING


def stands_still(row: ReturnRow, lines: Sequence[ReturnLineRow]) -> str | None:
    """Why nothing that is accepted of a return may be refunded or moved now, in words; None where it goes on.

    One that has ended goes on where no unit was accepted since: what was accepted before may still be put on sale.
    """
    if row.held_reason is not None:
        return f"it is held ({row.held_reason})"
    if row.mirakl_state in ENDED and row.taken_up_at is None and units_waiting(lines):
        return f"it is {row.mirakl_state} on Mirakl"
    return None if _is_mapped(lines) else "its reasons are not mapped"


def read_again(tx: Tx, row: ReturnRow, why: str) -> str | None:
    """Promise to read the twin's verdict, of which something may have waited or been turned away, in words.

    What waits is refunded and moved by what Reveni says then, not by what it said once.
    """
    if row.reveni_return_id is None:
        return None
    subject = f"{why}: {row.return_id} at {tx.now:%Y-%m-%dT%H:%M:%S.%f}"
    intents.decide(tx, "read_verdict", subject, plan={"reveni_return_id": row.reveni_return_id})
    return f"read return {row.reveni_return_id} in Reveni (W3) for a verdict given meanwhile"


def units_waiting(lines: Collection[ReturnLineRow]) -> int:
    """Accepted units that nothing is done for yet."""
    return sum(max(line.accepted - line.refund_units, 0) for line in lines)


def _is_mapped(lines: Sequence[ReturnLineRow]) -> bool:
    return bool(lines) and all(line.refund_reason is not None for line in lines)


def _progress(ports: Ports, tx: Tx, row: ReturnRow) -> Progress:
    lines = lines_of(tx, row.return_id)
    steps = {step: intents.find(tx, step, row.return_id) for step in STEPS}
    refund_states = [refund.state for refund in refunds(tx, return_id=row.return_id)]
    undecided = any(line.accepted > line.refund_units for line in lines)
    return Progress(
        mirakl_state=row.mirakl_state,
        mapped=_is_mapped(lines),
        accept_by_us=ports.settings.return_acceptance == "auto",
        in_reveni=row.reveni_return_id is not None,
        ended_in_reveni=row.reveni_status in REVENI_ENDED_EARLY,
        done=[step for step, intent in steps.items() if intent is not None and intent.state in intents.SETTLED],
        units=[(line.quantity, line.accepted, line.rejected) for line in lines],
        refunds_open=undecided or any(state not in ("confirmed", "refunded", "dropped") for state in refund_states),
        taken_up=row.taken_up_at is not None,
    )
