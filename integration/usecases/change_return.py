"""What becomes of a return that is known and that Mirakl shows otherwise than before (RT11).

Until something was sent to Reveni, its lines are taken over and mapped anew. Afterwards its twin there is what the
warehouse judges, so a person settles the difference. No call of Reveni's takes the tracking: it is kept to be shown.
"""

from __future__ import annotations

from dataclasses import asdict

from integration.domain.returns import ENDED_EARLY, KNOWN_STATES, UNDER_WAY, AnnouncedLine, changes_of
from integration.errors import Held
from integration.ledger import intents
from integration.ledger.returns import announced, lock_promises, replace_lines
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, ReturnRow
from integration.mirakl.wire import Return
from integration.usecases.advance_return import advance, hold_return, read_again
from integration.usecases.end_return import end_early, may_be_in_reveni
from integration.usecases.ports import Ports
from integration.usecases.resume import close_reviews

BY_ITS_LINES = frozenset(
    {
        "unmapped_return_reason", "illegal_refund_reason", "unmapped_sku", "line_does_not_add_up",
        "order_line_not_in_order", "return_without_lines",
    }
)  # fmt: skip
"""Held for what its lines said, so that other lines are another case."""


def change_return(ports: Ports, tx: Tx, row: ReturnRow, found: Return) -> None:
    """Take over what is new of a return whose row is locked; what is as it was changes nothing."""
    take_tracking(row, found)
    shown = lines_in(found)
    known = announced(tx, row.return_id) if found.state in UNDER_WAY else []
    lost = not known and row.held_reason == "return_without_lines"
    changes = changes_of(known, shown) if shown and (known or lost) else []
    if not changes and row.changed_lines is None and row.mirakl_state == found.state:
        row.last_updated = found.last_updated
        return
    if changes:
        promises = lock_promises(tx, row.return_id, ("map_return", "create_return"))
        if promises is None:
            return  # somebody is at it at this moment: the next poll reaches back far enough to find it again
        _change_lines(tx, row, found, changes, promises)
    elif row.changed_lines is not None:
        _as_before(tx, row)
    row.last_updated = found.last_updated
    _change_state(tx, row, found)
    advance(ports, tx, row)


def _change_lines(tx: Tx, row: ReturnRow, found: Return, changes: list[str], promises: list[Intent]) -> None:
    if names_a_line_twice(found):
        hold_return(tx, row, duplicate_line(found))
    elif row.reveni_return_id is None and not may_be_in_reveni(promises):
        _begin_again(tx, row, lines_in(found), promises)
    elif row.changed_lines != (shown := [asdict(line) for line in lines_in(found)]):
        row.changed_lines = shown
        hold_return(tx, row, _changed(row, changes))


def _begin_again(tx: Tx, row: ReturnRow, shown: list[AnnouncedLine], promises: list[Intent]) -> None:
    replace_lines(tx, row.return_id, shown, in_reveni=False)
    if row.held_reason in BY_ITS_LINES:
        close_reviews(tx, "return", row.return_id, reasons=BY_ITS_LINES, resolution="its lines changed on Mirakl")
        row.held_reason = None
    for promise in promises:
        if promise.kind == "map_return" or promise.state == "held":
            intents.reopen(tx, promise, reason="lines_changed", forget_sends=True)
    intents.decide(tx, "map_return", row.return_id)


def _as_before(tx: Tx, row: ReturnRow) -> None:
    row.changed_lines = None
    close_reviews(tx, "return", row.return_id, reasons={"return_changed"}, resolution="Mirakl took the change back")
    if row.held_reason == "return_changed":
        row.held_reason = None
        read_again(tx, row, "changed back")


def _change_state(tx: Tx, row: ReturnRow, found: Return) -> None:
    if row.mirakl_state == found.state:
        return
    row.mirakl_state = found.state
    if found.state not in KNOWN_STATES:
        hold_return(tx, row, unknown_state(found))
    elif found.state in ENDED_EARLY:
        end_early(tx, row)


def take_tracking(row: ReturnRow, found: Return) -> None:
    """Where the parcel is, once Mirakl says so."""
    if found.tracking is not None:
        row.carrier = found.tracking.carrier_name or found.tracking.carrier_code or row.carrier
        row.tracking_number = found.tracking.tracking_number or row.tracking_number


def lines_in(found: Return) -> list[AnnouncedLine]:
    """The lines that RT11 shows; none where it leaves them out."""
    return [AnnouncedLine(line.order_line_id, line.quantity, found.reason_of(line)) for line in found.return_lines]


def names_a_line_twice(found: Return) -> bool:
    """Whether it cannot be told which units are meant."""
    return len({line.order_line_id for line in found.return_lines}) != len(found.return_lines)


def duplicate_line(found: Return) -> Held:
    return Held("duplicate_return_line", f"Return {found.id} names an order line twice.")


def no_lines(found: Return) -> Held:
    return Held(
        "return_without_lines",
        f"RT11 shows return {found.id} without a line: what comes back is not known. It goes on by itself when its "
        "lines are shown.",
    )


def unknown_state(found: Return) -> Held:
    return Held("unknown_return_state", f"Mirakl gives return {found.id} the unknown state {found.state!r}.")


def _changed(row: ReturnRow, changes: list[str]) -> Held:
    return Held(
        "return_changed",
        f"Return {row.return_id} changed on Mirakl after it went to Reveni: {'; '.join(changes)}. Make the return in "
        "Reveni the same by hand, then replay this return.",
        {"changes": changes, "reveni_return_id": row.reveni_return_id},
    )
