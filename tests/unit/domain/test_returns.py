"""The way of a return: every line is mapped and legal or nothing goes on, and each step follows from the facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.domain.returns import Progress, due_steps, further_than_ours, map_reasons, state_of
from integration.errors import Held
from mappings import FOLDER, load

TABLES = load(FOLDER)
MAPPED = [row.mirakl_return_reason for row in TABLES.return_reasons.rows]
LEGAL = {row.mirakl_refund_reason: ("REFUND", True) for row in TABLES.return_reasons.rows}


@dataclass(frozen=True)
class Line:
    order_line_id: str
    reason_code: str | None


def announced(*reasons: str | None) -> list[Line]:
    return [Line(f"L-{number}", reason) for number, reason in enumerate(reasons)]


@given(st.lists(st.sampled_from([*MAPPED, "RETURN_NEVER_HEARD_OF", "", None]), max_size=5))
def test_every_line_is_mapped_or_the_whole_return_is_held(reasons: list[str | None]) -> None:
    lines = announced(*reasons)
    unmapped = sorted({reason or "(none)" for reason in reasons if reason not in MAPPED})
    if unmapped:
        with pytest.raises(Held) as held:
            map_reasons(lines, TABLES, refund_reasons=LEGAL)
        assert held.value.reason == "unmapped_return_reason"
        assert held.value.evidence["codes"] == unmapped
        assert all(reason in held.value.detail for reason in unmapped)
    else:
        rows = map_reasons(lines, TABLES, refund_reasons=LEGAL)
        assert [(line, row.mirakl_return_reason) for line, row in rows.items()] == [
            (line.order_line_id, line.reason_code) for line in lines
        ]


@pytest.mark.parametrize("re01", [{}, {"17": ("REFUND", False)}, {"17": ("RETURN", True)}])
def test_a_refund_reason_that_a_shop_may_not_give_is_as_bad_as_none(re01: dict[str, tuple[str, bool]]) -> None:
    with pytest.raises(Held) as held:
        map_reasons(announced("RETURN_CHANGED_MIND"), TABLES, refund_reasons=re01)
    assert held.value.reason == "illegal_refund_reason"
    assert held.value.evidence == {"codes": ["17"], "mapping_version": TABLES.version}


NEW = Progress(
    mirakl_state="WAITING_ACCEPTANCE", mapped=True, accept_by_us=True, in_reveni=False, ended_in_reveni=False, done=(),
    units=[(2, 0, 0)], refunds_open=False,
)  # fmt: skip
UNMAPPED = replace(NEW, mapped=False)
BY_HAND = replace(NEW, accept_by_us=False)
ACCEPTED = replace(NEW, mirakl_state="IN_PROGRESS")
OPEN = replace(ACCEPTED, in_reveni=True)
PARTLY_JUDGED = replace(OPEN, units=[(2, 1, 0)])
RECEIVED_PARTLY_JUDGED = replace(PARTLY_JUDGED, mirakl_state="RECEIVED")
JUDGED = replace(RECEIVED_PARTLY_JUDGED, units=[(2, 1, 1)])
REFUND_OPEN = replace(JUDGED, done=("assess_return",), refunds_open=True)
SETTLED = replace(REFUND_OPEN, refunds_open=False)
CLOSED = replace(SETTLED, mirakl_state="CLOSED")
CANCELED = replace(OPEN, mirakl_state="CANCELED")


@pytest.mark.parametrize(
    ("progress", "steps", "state"),
    [
        (UNMAPPED, [], "new"),
        (NEW, ["accept_return"], "new"),
        (BY_HAND, [], "new"),
        (replace(UNMAPPED, mirakl_state="IN_PROGRESS"), [], "new"),
        (ACCEPTED, ["create_return"], "accepted"),
        (OPEN, [], "open"),
        (PARTLY_JUDGED, ["receive_return"], "received"),
        (RECEIVED_PARTLY_JUDGED, [], "received"),
        (JUDGED, ["assess_return"], "judged"),
        (REFUND_OPEN, [], "judged"),
        (SETTLED, ["close_return"], "judged"),
        (CLOSED, [], "closed"),
        (CANCELED, ["cancel_return"], "canceled"),
        (replace(CANCELED, in_reveni=False), [], "canceled"),
        (replace(CANCELED, units=[(2, 1, 0)]), [], "canceled"),
        (replace(CANCELED, ended_in_reveni=True), [], "canceled"),
        (replace(OPEN, ended_in_reveni=True), ["cancel_on_mirakl"], "open"),
        (replace(OPEN, ended_in_reveni=True, mirakl_state="RECEIVED"), [], "open"),
        (replace(PARTLY_JUDGED, ended_in_reveni=True), ["receive_return"], "received"),
        (replace(CLOSED, taken_up=True, in_reveni=False), ["create_return"], "closed"),
        (replace(CANCELED, taken_up=True, in_reveni=False, mapped=False), [], "canceled"),
        (replace(CANCELED, taken_up=True), [], "canceled"),
    ],
)
def test_the_next_step_and_the_state_follow_from_the_facts(
    progress: Progress, steps: Sequence[str], state: str
) -> None:
    assert due_steps(progress) == steps
    assert state_of(progress, held=False) == state


@pytest.mark.parametrize("progress", [NEW, ACCEPTED, OPEN, JUDGED, SETTLED, CANCELED])
def test_a_step_that_is_done_is_not_due_again(progress: Progress) -> None:
    done = due_steps(progress)
    assert set(due_steps(replace(progress, done=(*progress.done, *done)))).isdisjoint(done)


def test_a_held_return_shows_that_it_is_held_until_it_has_ended() -> None:
    assert [state_of(progress, held=True) for progress in (NEW, OPEN, JUDGED)] == ["held"] * 3
    assert [state_of(progress, held=True) for progress in (CLOSED, CANCELED)] == ["closed", "canceled"]


@pytest.mark.parametrize(
    ("state", "received", "closed", "further"),
    [
        ("IN_PROGRESS", False, False, False), ("NO_RECEPTION", False, False, False), ("RECEIVED", False, False, True),
        ("RECEIVED", True, False, False), ("CLOSED", True, False, True), ("CLOSED", True, True, False),
        ("CLOSED", False, False, True), ("RECEIVED", False, True, False),
    ],
)  # fmt: skip
def test_who_took_a_return_where_mirakl_shows_it(state: str, received: bool, closed: bool, further: bool) -> None:
    """M1: a state beyond what this ledger has done was reached by somebody else."""
    assert further_than_ours(state, received_by_us=received, closed_by_us=closed) is further
