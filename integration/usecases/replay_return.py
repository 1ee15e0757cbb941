"""Take up a return again: every step of it that is held, what waited for it, and whatever became due meanwhile.

One that has ended on Mirakl is taken up, too, where a person says so: nothing is sent about the return itself any more,
but what Reveni has accepted of it is refunded and moved.
"""

from __future__ import annotations

from typing import Final

from integration.domain.returns import CLOSED, ENDED, KNOWN_STATES, AnnouncedLine
from integration.ledger import intents
from integration.ledger.listings import intents_of
from integration.ledger.returns import free_promises, lines_of, lock_return, replace_lines
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, ReturnLineRow, ReturnRow
from integration.usecases import advance_return
from integration.usecases.advance_return import advance, read_again, units_waiting
from integration.usecases.ports import Ports
from integration.usecases.refusal import Refused
from integration.usecases.release_refunds import held_for_their_return, release_refunds
from integration.usecases.resume import close_reviews, does, hasten, resume
from mappings import Mappings

STEPS: Final = ("map_return", *advance_return.STEPS)
"""Everything that may be promised for a return, in the order in which it happens."""


def replay_return(ports: Ports, tx: Tx, return_id: str) -> list[str]:
    """What goes on, in words.

    :raises Refused: there is nothing to replay, or a replay cannot help.
    """
    row = lock_return(tx, return_id)
    if row is None:
        raise Refused(f"There is no return {return_id}: see `backhaul returns list`.")
    promised = intents_of(tx, STEPS, return_id)
    if row.held_reason is None and (parked := [intent for intent in promised if hasten(tx, intent)]):
        return [f"try at once: {does(intent)}" for intent in parked]
    held = _held_steps(tx, row, promised)
    _require_rows(ports, tx, row)
    reasons = {row.held_reason or "", *(intent.reason or "" for intent in held)}
    close_reviews(tx, "return", return_id, reasons=reasons, resolution="replayed")
    row.held_reason = None
    steps = _take_up_ended(tx, row, promised)
    steps += [resume(tx, intent) for intent in held]
    steps += _take_over_changes(tx, row)
    if row.mirakl_state not in ENDED or row.taken_up_at is not None:
        _map_what_is_unmapped(tx, row)
    if (reading := read_again(tx, row, "replay")) is not None:
        steps.append(reading)
    tx.session.flush()
    advance(ports, tx, row)
    steps += release_refunds(tx, row)
    now = intents_of(tx, STEPS, return_id)
    steps += [_does(row, intent) for intent in now if intent not in promised]
    if any(intent.kind == "map_return" and intent.state == "decided" for intent in now):
        steps += _mapping_in_force(ports, tx, return_id)
    return steps or ["wait: nothing is to be done until Mirakl or the warehouse says more"]


def _held_steps(tx: Tx, row: ReturnRow, promised: list[Intent]) -> list[Intent]:
    held = [intent for intent in promised if intent.state == "held"]
    if not held and not _is_to_be_taken_up(tx, row, promised) and row.held_reason is None:
        raise Refused(f"Return {row.return_id} is {row.state} and nothing of it is held: nothing changes.")
    if row.mirakl_state not in KNOWN_STATES:
        raise Refused(
            f"Mirakl gives return {row.return_id} the state {row.mirakl_state!r}, which Backhaul does not know: "
            "replay it when Mirakl shows another one."
        )
    if row.mirakl_state in ENDED:
        taken_up = _is_to_be_taken_up(tx, row, promised)
        left = ("map_return", "create_return") if taken_up else ("cancel_return",)
        held = [intent for intent in held if intent.kind in left]
        may_tell_more = row.mirakl_state == CLOSED and row.reveni_return_id is not None
        if not held and not taken_up and not may_tell_more:
            raise Refused(
                f"Return {row.return_id} has ended on Mirakl ({row.mirakl_state}): nothing of it is left to be done."
            )
    if row.held_reason == "duplicate_return_line" or not lines_of(tx, row.return_id):
        raise Refused(
            f"The lines of return {row.return_id} were not taken over ({row.held_reason}): finish it by hand on "
            "Mirakl and in Reveni, then resolve its review."
        )
    return held


def _is_to_be_taken_up(tx: Tx, row: ReturnRow, promised: list[Intent]) -> bool:
    """Whether more of it may be wanted than its end on Mirakl: units wait, or this ledger only met it at its end."""
    history = row.mirakl_state in ENDED and (row.taken_up_at is not None or not promised)
    return history or bool(units_waiting(lines_of(tx, row.return_id)) or held_for_their_return(tx, row))


def _take_up_ended(tx: Tx, row: ReturnRow, promised: list[Intent]) -> list[str]:
    if row.mirakl_state not in ENDED or not _is_to_be_taken_up(tx, row, promised):
        return []
    row.taken_up_at = tx.now
    for cancel in free_promises(tx, row.return_id, ("cancel_return",)):
        if cancel.state not in intents.SETTLED:  # what its twin says is to count
            intents.close(tx, cancel, "dropped", reason="replayed")
    return [
        f"return {row.return_id} is {row.mirakl_state} on Mirakl and stays so: refund what Reveni has accepted of it "
        "and was not refunded, and move its units; those that somebody else may have put on sale wait in the inbox"
    ]


def _does(row: ReturnRow, intent: Intent) -> str:
    if intent.kind == "create_return" and row.mirakl_state in ENDED:
        return f"look for return {row.return_id} in Reveni (W2); none is made there"
    return does(intent)


def _require_rows(ports: Ports, tx: Tx, row: ReturnRow) -> None:
    """What is still unmapped would only be held again."""
    if row.held_reason != "unmapped_return_reason":
        return
    lookup = ports.mappings.current().return_reasons.lookup
    codes = {line.reason_code or "(none)" for line in lines_of(tx, row.return_id)}
    missing = sorted(code for code in codes if lookup(code) is None)
    if missing:
        raise Refused(
            f"return_reasons.csv still has no row for {', '.join(missing)}: add it, then replay return {row.return_id}."
        )


def _take_over_changes(tx: Tx, row: ReturnRow) -> list[str]:
    """A person has made the twin in Reveni what Mirakl shows."""
    if row.changed_lines is None:
        return []
    replace_lines(tx, row.return_id, [AnnouncedLine(**line) for line in row.changed_lines], in_reveni=True)
    row.changed_lines = None
    return [f"take over the lines of return {row.return_id} as Mirakl shows them"]


def _map_what_is_unmapped(tx: Tx, row: ReturnRow) -> None:
    """A return that was held when it was first seen was not mapped, nor is one that had ended by then."""
    mapping, new = intents.decide(tx, "map_return", row.return_id)
    unmapped = any(line.refund_reason is None for line in lines_of(tx, row.return_id))
    if not new and unmapped and mapping.state in intents.SETTLED:
        intents.reopen(tx, mapping, reason="replayed")


def _mapping_in_force(ports: Ports, tx: Tx, return_id: str) -> list[str]:
    tables = ports.mappings.current()
    return [_in_words(line, tables) for line in lines_of(tx, return_id)]


def _in_words(line: ReturnLineRow, tables: Mappings) -> str:
    row = tables.return_reasons.lookup(line.reason_code or "")
    if row is None:
        return (
            f"line {line.order_line_id}: return_reasons.csv still has no row for {line.reason_code or '(none)'}, "
            "so the return will be held again: add the row first"
        )
    return (
        f"line {line.order_line_id}: {line.reason_code} becomes {row.reveni_return_reason} in Reveni, "
        f"{row.disposition}, refunded with reason {row.mirakl_refund_reason} and shipping {row.shipping_refund} "
        f"(mapping version {tables.version})"
    )
