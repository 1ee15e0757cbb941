"""Take up a held return again: every step of it that is held, and whatever became due meanwhile."""

from __future__ import annotations

from typing import Final

from integration.domain.returns import CLOSED, ENDED_EARLY, KNOWN_STATES, AnnouncedLine
from integration.ledger import intents
from integration.ledger.listings import intents_of
from integration.ledger.returns import lines_of, lock_return, replace_lines
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, ReturnLineRow, ReturnRow
from integration.usecases import advance_return
from integration.usecases.advance_return import advance
from integration.usecases.ports import Ports
from integration.usecases.refusal import Refused
from integration.usecases.resume import close_reviews, does, resume
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
    if row.held_reason is None and (parked := [intent for intent in promised if intents.hasten(tx, intent)]):
        return [f"try at once: {does(intent)}" for intent in parked]
    held = _held_steps(tx, row, promised)
    _require_rows(ports, tx, row)
    reasons = {row.held_reason or "", *(intent.reason or "" for intent in held)}
    close_reviews(tx, "return", return_id, reasons=reasons, resolution="replayed")
    row.held_reason = None
    steps = [resume(tx, intent) for intent in held]
    steps += _take_over_changes(tx, row)
    _map_what_is_unmapped(tx, row)
    if row.reveni_return_id is not None:
        steps.append(_read_again(tx, row, row.reveni_return_id))
    tx.session.flush()
    advance(ports, tx, row)
    now = intents_of(tx, STEPS, return_id)
    steps += [does(intent) for intent in now if intent not in promised]
    if any(intent.kind == "map_return" and intent.state == "decided" for intent in now):
        steps += _mapping_in_force(ports, tx, return_id)
    return steps or ["wait: nothing is to be done until Mirakl or the warehouse says more"]


def _held_steps(tx: Tx, row: ReturnRow, promised: list[Intent]) -> list[Intent]:
    held = [intent for intent in promised if intent.state == "held"]
    if row.held_reason is None and not held:
        raise Refused(f"Return {row.return_id} is {row.state} and nothing of it is held: nothing changes.")
    if row.mirakl_state not in KNOWN_STATES:
        raise Refused(
            f"Mirakl gives return {row.return_id} the state {row.mirakl_state!r}, which Backhaul does not know: "
            "replay it when Mirakl shows another one."
        )
    if row.mirakl_state == CLOSED or row.mirakl_state in ENDED_EARLY:
        held = [intent for intent in held if intent.kind == "cancel_return"]
        if not held:
            raise Refused(
                f"Return {row.return_id} has ended on Mirakl ({row.mirakl_state}): nothing of it is left to be done."
            )
    if not lines_of(tx, row.return_id):
        raise Refused(
            f"The lines of return {row.return_id} were not taken over ({row.held_reason}): finish it by hand on "
            "Mirakl and in Reveni, then resolve its review."
        )
    return held


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
    """A return that was held when it was first seen was not mapped; one that has ended needs no mapping."""
    if row.mirakl_state in ENDED_EARLY:
        return
    mapping, new = intents.decide(tx, "map_return", row.return_id)
    unmapped = any(line.refund_reason is None for line in lines_of(tx, row.return_id))
    if not new and unmapped and mapping.state in intents.SETTLED:
        intents.reopen(tx, mapping, reason="replayed")


def _read_again(tx: Tx, row: ReturnRow, reveni_return_id: str) -> str:
    """While it was held, a verdict may have been turned away that Reveni will not tell again by itself."""
    subject = f"replay of {row.return_id} at {tx.now:%Y-%m-%dT%H:%M:%S.%f}"
    intents.decide(tx, "read_verdict", subject, plan={"reveni_return_id": reveni_return_id})
    return f"read return {reveni_return_id} in Reveni (W3) for a verdict given meanwhile"


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
