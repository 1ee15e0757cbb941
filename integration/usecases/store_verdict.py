"""Take over what the warehouse decided in Reveni: each accepted unit becomes a refund that is due and a movement.

Deliveries may come in any order, twice, or never (the poll finds those): quantities only grow, so the end is the same.
"""

from __future__ import annotations

from integration.domain.returns import ENDED, REVENI_ENDED_EARLY
from integration.errors import Held
from integration.ledger import intents
from integration.ledger.returns import get_return, lines_of, lock_return, return_of_twin
from integration.ledger.reviews import close_reviews_for, open_review
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, ReturnLineRow, ReturnRow
from integration.reveni.wire import ReveniReturn
from integration.usecases.advance_return import advance, hold_return, stands_still, units_waiting
from integration.usecases.check_twin import Verdicts, check_twin, verdicts_of
from integration.usecases.move_units import move_units, tell_already_on_sale
from integration.usecases.ports import Ports
from integration.usecases.promise_refund import promise_refund
from integration.usecases.two_payers import tell_of_two_payers

NOT_RECORDED_YET = "its twin is being created"
"""W1 is on its way: whether this is what it makes is known when its answer is recorded."""

WAITING = "accepted_units_wait"


def store_verdict(ports: Ports, tx: Tx, twin: ReveniReturn) -> str:
    """Write down one Reveni return as just read (W3), and promise what follows from it, in the same transaction."""
    found = return_of_twin(tx, twin.id)
    if found is None:
        return _of_no_twin_of_ours(ports, tx, twin)
    row = lock_return(tx, found.return_id)
    if row is None or row.reveni_return_id != twin.id:
        return "not a return of this shop any more"
    if row.verdict_at and twin.updated_at and twin.updated_at < row.verdict_at:
        return "older than what is known"
    lines = lines_of(tx, row.return_id)
    try:
        verdicts = check_twin(row, lines, twin)
    except Held as held:
        hold_return(tx, row, held)
        return f"held: {held.reason}"
    waited = units_waiting(lines)
    _take_over_return(row, twin)
    for line, verdict in verdicts:
        line.accepted, line.rejected = verdict.accepted_quantity or 0, verdict.rejected_quantity or 0
        line.restocked, line.received_sku = verdict.restocked_quantity, verdict.received_sku
        line.reject_reason, line.restock = verdict.reject_reason, verdict.restock
        tell_already_on_sale(tx, line, verdict)
    _act_on(ports, tx, row, lines, verdicts, waited=waited)
    tx.session.flush()
    tell_of_two_payers(tx, row)
    advance(ports, tx, row)
    return row.state


def is_known(tx: Tx, twin: ReveniReturn) -> bool:
    """Whether it says nothing that is not written down already, with all that follows from it."""
    row = return_of_twin(tx, twin.id)
    if row is None:
        named = None if twin.external_id is None else get_return(tx, twin.external_id)
        return named is None or (named.reveni_return_id is None and not _is_being_created(tx, named))
    facts = (row.reveni_status, row.reveni_type, row.reveni_mode, row.currency, row.verdict_at)
    if facts != (twin.status, twin.type, twin.mode, twin.currency, twin.updated_at):
        return False
    if twin.items is None or row.reveni_refunds != _refunds(twin):
        return False
    lines = {line.order_line_id: line for line in lines_of(tx, row.return_id)}
    verdicts = verdicts_of(twin.items)
    return set(verdicts) == set(lines) and all(
        (line.accepted, line.rejected, line.restocked, line.reject_reason, line.restock, line.received_sku)
        == (said.accepted_quantity, said.rejected_quantity, said.restocked_quantity, said.reject_reason, said.restock,
            said.received_sku)
        for line, said in ((lines[key], said) for key, said in verdicts.items() if key in lines)
    )  # fmt: skip


def _of_no_twin_of_ours(ports: Ports, tx: Tx, twin: ReveniReturn) -> str:
    """It may bear our external id all the same: nothing of it counts for our return."""
    row = None if twin.external_id is None else lock_return(tx, twin.external_id)
    if row is None:
        return "not a return of this shop"
    if row.reveni_return_id == twin.id:  # it was recorded while we waited for the row
        return store_verdict(ports, tx, twin)
    if row.reveni_return_id is None:
        return NOT_RECORDED_YET if _is_being_created(tx, row) else "not its twin yet: whoever finds the twin reads it"
    if twin.status in REVENI_ENDED_EARLY:
        return "not its twin, and ended"
    held = Held(
        "twice_in_reveni",
        f"Reveni holds a second return for {row.return_id}: {twin.id}, beside {row.reveni_return_id}, which is the one "
        f"that counts. Nothing of the second is taken over. Cancel {twin.id} in Reveni, then replay.",
        {"reveni_return_ids": [row.reveni_return_id, twin.id]},
    )
    if row.mirakl_state in ENDED:
        open_review(tx, kind="return", subject=row.return_id, reason=held.reason, detail=held.detail,
                    evidence=held.evidence)  # fmt: skip
    else:
        hold_return(tx, row, held)
    return f"held: {held.reason}"


def _is_being_created(tx: Tx, row: ReturnRow) -> bool:
    """In every other state of the promise, whoever settles it finds the twin and reads it."""
    creation = intents.find(tx, "create_return", row.return_id)
    return creation is not None and creation.state == "claimed"


def _act_on(
    ports: Ports, tx: Tx, row: ReturnRow, lines: list[ReturnLineRow], verdicts: Verdicts, *, waited: int
) -> None:
    """Refund and move what is accepted, or say how many units wait until the return goes on."""
    why = stands_still(row, lines)
    if why is None:
        for line, verdict in verdicts:
            promise_refund(tx, row, line)
            move_units(ports, tx, row, line, verdict)
        close_reviews_for(tx, "return", row.return_id, reasons={WAITING}, resolution="the return goes on")
        return
    units = units_waiting(lines)
    if units > waited:
        open_review(
            tx,
            kind="return",
            subject=row.return_id,
            reason=WAITING,
            detail=f"Reveni accepted {units} unit(s) of return {row.return_id}, and nothing of them is refunded or put "
            f"on sale, since {why}. Replay the return, and they are; or settle them by hand.",
            evidence={"units": {line.order_line_id: line.accepted - line.refund_units for line in lines}},
        )


def _take_over_return(row: ReturnRow, twin: ReveniReturn) -> None:
    row.reveni_status, row.reveni_type, row.reveni_mode = twin.status, twin.type, twin.mode
    row.currency = twin.currency
    row.reveni_refunds = _refunds(twin)
    row.verdict_at = twin.updated_at or row.verdict_at


def _refunds(twin: ReveniReturn) -> list[Facts]:
    return [refund.model_dump(mode="json") for refund in twin.refunds or ()]
