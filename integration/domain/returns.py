"""The way of a return: what its reasons mean, and which step is due next. Pure: facts in, decisions out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from integration.errors import Held
from mappings import Mappings, ReasonRow

# Mirakl's return states (RT11).
WAITING_ACCEPTANCE = "WAITING_ACCEPTANCE"
IN_PROGRESS = "IN_PROGRESS"
RECEIVED = "RECEIVED"
CLOSED = "CLOSED"
ENDED_EARLY = frozenset({"REFUSED", "CANCELED", "CANCELLED", "NO_RECEPTION"})
UNDER_WAY = frozenset({WAITING_ACCEPTANCE, IN_PROGRESS, RECEIVED})
KNOWN_STATES = UNDER_WAY | {CLOSED} | ENDED_EARLY
ENDED = ENDED_EARLY | {CLOSED}
_FURTHER = {RECEIVED: 1, CLOSED: 2}
"""How far beyond IN_PROGRESS a state is, on the way that a parcel takes."""

# Reveni's return statuses, of both eras (contracts: statuses are parsed into one set).
REVENI_STATUSES = frozenset(
    {
        "incomplete", "in_progress", "shipped", "received", "for_review", "accepted", "partly_accepted", "rejected",
        "expired", "cancelled", "on_hold", "pending", "completed",
    }
)  # fmt: skip
REVENI_ENDED_EARLY = frozenset({"expired", "cancelled"})
REVENI_ITEM_STATUSES = frozenset({"pending", "accepted", "rejected", "for_review"})


class Announced(Protocol):
    """A line of a Mirakl return, as announced."""

    @property
    def order_line_id(self) -> str: ...
    @property
    def reason_code(self) -> str | None: ...


@dataclass(frozen=True)
class AnnouncedLine:
    """Units of an order line that Mirakl says come back (RT11), and why."""

    order_line_id: str
    quantity: int
    reason_code: str | None


def changes_of(known: Sequence[AnnouncedLine], shown: Sequence[AnnouncedLine]) -> list[str]:
    """What Mirakl shows otherwise than it did, a phrase for each; a reason that it leaves out says nothing."""
    before = {line.order_line_id: line for line in known}
    after = {line.order_line_id: line for line in shown}
    gone = [f"line {line} is not in it any more" for line in before if line not in after]
    new = [f"line {key} is new with {line.quantity} units" for key, line in after.items() if key not in before]
    both = [(before[key], after[key]) for key in before if key in after]
    units = [
        f"line {old.order_line_id} has {now.quantity} units instead of {old.quantity}"
        for old, now in both
        if now.quantity != old.quantity
    ]
    reasons = [
        f"line {old.order_line_id} has the reason {now.reason_code} instead of {old.reason_code or '(none)'}"
        for old, now in both
        if now.reason_code not in (None, old.reason_code)
    ]
    return [*gone, *new, *units, *reasons]


def map_reasons(
    lines: Sequence[Announced], mappings: Mappings, *, refund_reasons: Mapping[str, tuple[str, bool]]
) -> dict[str, ReasonRow]:
    """The row of the table for each order line: of every line, or of none.

    :param refund_reasons: RE01, as `{code: (type, is_shop_right)}`.
    :raises Held: `unmapped_return_reason` or `illegal_refund_reason`, naming every reason that halts the return.
    """
    rows = {line.order_line_id: mappings.return_reasons.lookup(line.reason_code or "") for line in lines}
    unmapped = sorted({line.reason_code or "(none)" for line in lines if rows[line.order_line_id] is None})
    if unmapped:
        raise Held(
            "unmapped_return_reason",
            f"return_reasons.csv has no row for {', '.join(unmapped)}: add it, then replay this return.",
            {"codes": unmapped, "mapping_version": mappings.version},
        )
    mapped = {line: row for line, row in rows.items() if row is not None}
    illegal = sorted({row.mirakl_refund_reason for row in mapped.values() if not _may_refund(row, refund_reasons)})
    if illegal:
        raise Held(
            "illegal_refund_reason",
            f"Mirakl (RE01) lets no shop refund with {', '.join(illegal)}: put a code of type REFUND with "
            "is_shop_right into return_reasons.csv, then replay this return.",
            {"codes": illegal, "mapping_version": mappings.version},
        )
    return mapped


def _may_refund(row: ReasonRow, refund_reasons: Mapping[str, tuple[str, bool]]) -> bool:
    return refund_reasons.get(row.mirakl_refund_reason) == ("REFUND", True)


def further_than_ours(mirakl_state: str, *, received_by_us: bool, closed_by_us: bool) -> bool:
    """Whether Mirakl shows a return further than this ledger has taken it: somebody else has worked on it."""
    ours = _FURTHER[CLOSED] if closed_by_us else _FURTHER[RECEIVED] if received_by_us else 0
    return _FURTHER.get(mirakl_state, 0) > ours


@dataclass(frozen=True)
class Progress:
    """All that decides the next step of a return.

    :param ended_in_reveni: its twin expired there, or was canceled.
    :param done: steps that are confirmed.
    :param units: per line (announced, accepted, rejected).
    :param refunds_open: a refund of this return is decided and not confirmed, or units accepted have no refund yet.
    :param taken_up: it has ended on Mirakl, and a person wants done what its twin's verdict makes due all the same.
    """

    mirakl_state: str
    mapped: bool
    accept_by_us: bool
    in_reveni: bool
    ended_in_reveni: bool
    done: Collection[str]
    units: Sequence[tuple[int, int, int]]
    refunds_open: bool
    taken_up: bool = False

    @property
    def any_judged(self) -> bool:
        return any(accepted + rejected for _, accepted, rejected in self.units)

    @property
    def all_judged(self) -> bool:
        return all(accepted + rejected >= quantity for quantity, accepted, rejected in self.units)


def due_steps(progress: Progress) -> list[str]:
    """The steps that are due now, none of which is done: names of acts."""
    return [step for step in _steps(progress) if step not in progress.done]


def _steps(now: Progress) -> list[str]:
    if now.mirakl_state in ENDED:
        return _steps_of_ended(now)
    if not now.mapped:
        return []
    if now.ended_in_reveni and not now.any_judged:  # nothing arrived, and nobody waits for it there any more
        return ["cancel_on_mirakl"] if now.mirakl_state in (WAITING_ACCEPTANCE, IN_PROGRESS) else []
    if now.mirakl_state == WAITING_ACCEPTANCE:
        return ["accept_return"] if now.accept_by_us else []
    if not now.in_reveni:
        return ["create_return"]
    if not now.any_judged:
        return []
    if now.mirakl_state == IN_PROGRESS:
        return ["receive_return"]
    if not now.all_judged:
        return []
    if "assess_return" not in now.done:
        return ["assess_return"]
    return [] if now.refunds_open else ["close_return"]


def _steps_of_ended(now: Progress) -> list[str]:
    if now.taken_up:  # its twin is looked for, and none is made
        return ["create_return"] if now.mapped and not now.in_reveni else []
    judged_by_nobody = now.in_reveni and not now.ended_in_reveni and not now.any_judged
    return ["cancel_return"] if now.mirakl_state in ENDED_EARLY and judged_by_nobody else []


def state_of(progress: Progress, *, held: bool) -> str:
    """Our word for where a return stands: new, held, accepted, open, received, judged, closed or canceled."""
    if now_ended := {CLOSED: "closed"}.get(progress.mirakl_state):
        return now_ended
    if progress.mirakl_state in ENDED_EARLY:
        return "canceled"
    if held:
        return "held"
    if not progress.in_reveni:
        return "new" if progress.mirakl_state == WAITING_ACCEPTANCE or not progress.mapped else "accepted"
    if progress.all_judged:
        return "judged"
    return "received" if progress.any_judged else "open"
