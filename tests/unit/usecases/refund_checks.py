"""What must hold of refunds in every story: after each step, and when it is over. Judged by the sandbox's own books."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from integration.ledger.refunds import Refund
from integration.ledger.tables import JournalEntry
from tests.unit.usecases.refund_stage import LINES, PRICE, SOLD, Stage

EDGES = {
    None: {"decided"},
    "decided": {"claimed", "dropped"},
    "claimed": {"claimed", "confirmed", "unknown", "decided", "held"},
    "unknown": {"unknown", "confirmed", "decided", "held"},
    "held": {"decided", "unknown", "confirmed", "dropped"},
}
"""The ways a promise may go; what is confirmed or dropped goes nowhere any more."""

PROVABLY_UNSENT = {"waiting_to_retry", "credentials_refused", "too_many_calls", "insufficient_balance"}
SAFE = {"units_refunded_already", "refund_rejected", "refunds_not_shown"}
"""Whatever the truth is, nothing more is sent until a person has looked."""

BY_HAND = {"sent_again_by_hand", "replayed", "partly_refunded_elsewhere", "explained_since"}


def require_nothing_twice(stage: Stage) -> None:
    """No promise has two effects, no call left without a claim, and nothing goes beyond what is due, or on the line."""
    assert stage.truth.unclaimed == []
    assert [effects for effects in stage.effects().values() if len(effects) > 1] == []
    for line, refunds in stage.made().items():
        assert sum(one["quantity"] for one in refunds if stage.is_for_units(one)) <= stage.accepted[line]
        assert sum(one["amount"] for one in refunds) <= PRICE * (SOLD - 1)
    ours = [one.intent for one in stage.refunds() if one.intent is not None]
    assert [one.id for one in ours if one.sends > 2] == []
    assert len([one.id for one in ours if one.state in ("claimed", "unknown")]) <= 1  # all are of one order


def require_nothing_older(stage: Stage) -> None:
    """No refund was taken for ours that had been there before our first call."""
    for refund in stage.refunds():
        if refund.row.mirakl_refund_id is not None:
            assert refund.row.mirakl_refund_id not in stage.truth.known.get(refund.row.id, set())


def require_everything_once(stage: Stage) -> None:
    """Every unit that is due was paid, or is held for a reason."""
    ours = stage.refunds()
    paid = [one for one in ours if one.state in ("confirmed", "refunded")]
    held = [one for one in ours if one.state == "held"]
    dropped = [one for one in ours if one.state == "dropped"]
    assert len(paid) + len(held) + len(dropped) == len(ours)
    due = [*paid, *(one for one in held if reason_of(one) != "units_refunded_already")]
    for line in LINES:
        promised = sum(one.row.quantity or 0 for one in due if one.row.order_line_id == line)
        assert promised == stage.accepted[line]
    ids, shown = {one.row.mirakl_refund_id for one in paid}, stage.ids()
    assert len(ids) == len(paid)
    assert ids <= shown
    for refund in held:
        _require_reason(stage, refund)


def require_everything_paid(stage: Stage) -> None:
    """People have told the truth about everything that was held: each unit is paid once, by whomever."""
    held = [one for one in stage.refunds() if one.state == "held"]
    assert {reason_of(one) for one in held} <= {"exceeds_remaining"}  # goodwill has used the line up
    for line, refunds in stage.made().items():
        paid = sum(one["quantity"] for one in refunds if stage.is_for_units(one))
        left = sum(one.row.quantity or 0 for one in held if one.row.order_line_id == line)
        assert paid + left == stage.accepted[line]


def require_known_ways(journal: Sequence[JournalEntry]) -> None:
    """A promise went only along the edges, nobody wrote with an old token, and nothing was sent again blindly."""
    states = [(entry.from_state, entry.to_state) for entry in journal]
    by_hand = [entry.reason == "confirmed_by_hand" for entry in journal]  # units that a person found on Mirakl
    unknown = [edge for edge, said in zip(states, by_hand, strict=True) if not said and edge[1] not in EDGES[edge[0]]]
    assert unknown == []
    assert [(before, after) for before, after in pairwise(states) if before[1] != after[0]] == []
    tokens = [entry.token for entry in journal]
    assert tokens == sorted(tokens)
    reasons = [entry.reason for entry in journal]
    sendings = [place for place, reason in enumerate(reasons) if reason == "sending"]
    for earlier, later in pairwise(sendings):
        between = set(reasons[earlier:later])
        assert between & (PROVABLY_UNSENT | BY_HAND) or {"not_found_once", "not_found"} <= between


def _require_reason(stage: Stage, refund: Refund) -> None:
    """What is unknown to the end is not there; what is ambiguous, or more than is left, has another's beside it."""
    if reason_of(refund) in SAFE:
        return
    if reason_of(refund) == "refunded_elsewhere":
        owned = {one.row.mirakl_refund_id for one in stage.refunds()}
        assert [one for one in stage.made()[refund.row.order_line_id] if one["refund_id"] not in owned]
        return
    effects, known = stage.effects().get(refund.row.id, []), stage.truth.known.get(refund.row.id, set())
    others = [one for one in stage.made()[refund.row.order_line_id] if one["refund_id"] not in effects]
    if reason_of(refund) == "ambiguous_refund":
        came_up_since = [one for one in others if one["refund_id"] not in known]
        assert came_up_since or stage.clock.ahead.total_seconds() < 0
    elif reason_of(refund) == "exceeds_remaining":
        assert [one for one in others if one["origin"] != "api"]
    else:
        assert (reason_of(refund), effects) == ("unknown_outcome", [])


def reason_of(refund: Refund) -> str | None:
    return None if refund.intent is None else refund.intent.reason
