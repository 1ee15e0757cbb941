"""Stock files whose fate is unknown, that failed, or of which lines were refused: no unit is ever added twice."""

from __future__ import annotations

from typing import Any

import pytest

from integration.sandbox import SandboxClient
from tests.servers import wait_until
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane

STRANGE_IMPORT = "4711"
"""An import that is not in the sandbox's books: it changes nothing there."""


@pytest.fixture
def lane(start_fleet: StartFleet, sandbox: SandboxClient) -> Lane:
    sandbox.seed_offers({"SKU-1": 5, "SKU-2": 0})
    return Lane(start_fleet(), sandbox)


def come_back(lane: Lane) -> None:
    """One unit of SKU-1 and two of SKU-2, judged together."""
    parcels = {1: lane.send_back(sku="SKU-1"), 2: lane.send_back(2, sku="SKU-2")}
    lane.arrive(*parcels.values())
    for units, parcel in parcels.items():
        lane.judge(parcel, accepted=units)


def lose_the_answer(lane: Lane) -> None:
    """The file lands, and the fleet does not know."""
    lane.sandbox.add_fault("STO01", "lost_after", times=1)
    come_back(lane)
    lane.work_until("send_stock", "unknown: outcome_unknown")
    wait_until(lambda: stock(lane) == {"SKU-1": 6, "SKU-2": 2}, what="the file to land")


def states(lane: Lane) -> list[tuple[str, str | None]]:
    return [(one.state, one.reason) for one in lane.movements()]


def until_at_rest(lane: Lane) -> None:
    lane.until(lambda: {one.state for one in lane.movements()} in ({"done"}, {"held"}))


def files_taken(lane: Lane) -> int:
    return len(lane.sandbox.books()["imports"])


def stock(lane: Lane) -> dict[str, int]:
    levels: dict[str, int] = lane.sandbox.books()["stock"]
    return levels


@pytest.mark.crash_matrix(27)
def test_a_file_whose_answer_was_lost_is_found_by_its_effect_and_not_sent_again(lane: Lane) -> None:
    faults: list[dict[str, Any]] = [
        {"kind": "lost_after"},
        {"kind": "status_after", "status": 500},
        {"kind": "garbage_after"},
        {"kind": "truncated_after"},
        {"kind": "late_effect", "seconds": 0.1, "answer_after": 0.0},
    ]
    parcels = [lane.send_back() for _ in faults]
    lane.arrive(*parcels)
    for number, (fault, parcel) in enumerate(zip(faults, parcels, strict=True), start=1):
        lane.sandbox.add_fault("STO01", times=1, **fault)
        lane.judge(parcel, accepted=1)
        lane.turn()
        until_at_rest(lane)
        assert states(lane) == [("done", None)] * number, fault
        assert (stock(lane)["SKU-1"], files_taken(lane)) == (5 + number, number), fault


@pytest.mark.parametrize(
    "fault",
    [{"kind": "status_before", "status": 500}, {"kind": "lost_before"}, {"kind": "hang"}],
    ids=lambda fault: fault["kind"],
)
def test_a_file_without_effect_is_sent_again_once_two_reads_did_not_find_it(lane: Lane, fault: dict[str, Any]) -> None:
    lane.sandbox.add_fault("STO01", times=1, **fault)
    come_back(lane)
    until_at_rest(lane)
    assert states(lane) == [("done", None)] * 2
    assert (stock(lane), files_taken(lane)) == ({"SKU-1": 6, "SKU-2": 2}, 1)
    assert lane.sandbox.books()["ceiling_violations"] == {}


def test_units_sold_while_the_outcome_is_unknown_stay_sold(lane: Lane) -> None:
    lose_the_answer(lane)
    lane.sandbox.sell_units("SKU-2")
    until_at_rest(lane)
    assert (states(lane), stock(lane)) == ([("done", None)] * 2, {"SKU-1": 6, "SKU-2": 1})


def test_what_the_levels_cannot_tell_is_left_to_a_person_and_the_channel_is_free_again(lane: Lane) -> None:
    lose_the_answer(lane)
    lane.sandbox.sell_units("SKU-1", 3)
    until_at_rest(lane)
    assert states(lane) == [("held", "stock_outcome_ambiguous")] * 2
    assert (stock(lane), files_taken(lane)) == ({"SKU-1": 3, "SKU-2": 2}, 1)

    lane.come_back(lane.send_back(sku="SKU-2"), accepted=1)
    lane.until(lambda: lane.movements()[-1].state == "done")
    assert stock(lane) == {"SKU-1": 3, "SKU-2": 3}


def test_a_refused_file_holds_its_units_and_a_replay_sends_them(lane: Lane) -> None:
    lane.sandbox.add_fault("STO01", "status_before", status=400, body={"message": "Wrong encoding"}, times=1)
    come_back(lane)
    until_at_rest(lane)
    assert states(lane) == [("held", "import_rejected")] * 2
    assert stock(lane) == {"SKU-1": 5, "SKU-2": 0}

    for movement in lane.movements():
        assert lane.replay("stock", movement.id).applied
    until_at_rest(lane)
    assert (stock(lane), lane.inbox()) == ({"SKU-1": 6, "SKU-2": 2}, set())


@pytest.mark.crash_matrix(27)
@pytest.mark.parametrize(("times", "state"), [(1, ("done", None)), (2, ("held", "import_failed_twice"))])
def test_units_of_a_file_that_failed_as_a_whole_go_once_more_and_then_wait_for_a_person(
    lane: Lane, times: int, state: tuple[str, str | None]
) -> None:
    _answer_sto01(lane, times=times)
    _answer_sto02(lane, {"status": "FAILED"})
    come_back(lane)
    until_at_rest(lane)
    assert states(lane) == [state] * 2
    assert stock(lane) == ({"SKU-1": 6, "SKU-2": 2} if times == 1 else {"SKU-1": 5, "SKU-2": 0})
    assert lane.sandbox.books()["ceiling_violations"] == {}


@pytest.mark.crash_matrix(27)
@pytest.mark.parametrize(
    ("message", "state"),
    [
        ("The quantity must be a positive integer", ("held", "import_line_refused")),
        ("The product is in staging", ("parked", "product_not_live_yet")),
    ],
)
def test_a_complete_import_is_believed_line_by_line(lane: Lane, message: str, state: tuple[str, str | None]) -> None:
    report = f'"line-number";"error-reason";"offer-sku";"quantity"\n"3";"{message}";"SKU-2";"2"\n'
    _answer_sto01(lane, times=1)
    _answer_sto02(lane, {"status": "COMPLETE", "lines_in_error": 1, "lines_in_success": 1, "has_error_report": True})
    lane.sandbox.add_fault("STO03", "status_before", status=200, body=report)
    come_back(lane)
    lane.until(lambda: state in states(lane))
    assert states(lane) == [("done", None), state]


def test_a_report_that_does_not_name_what_was_refused_holds_the_whole_file(lane: Lane) -> None:
    _answer_sto01(lane, times=1)
    _answer_sto02(lane, {"status": "COMPLETE", "lines_in_error": 1, "lines_in_success": 1, "has_error_report": True})
    lane.sandbox.add_fault("STO03", "status_before", status=200, body='"line-number";"error-reason"\n"3";"No"\n')
    come_back(lane)
    until_at_rest(lane)
    assert states(lane) == [("held", "import_report_unreadable")] * 2


def _answer_sto01(lane: Lane, *, times: int) -> None:
    lane.sandbox.add_fault("STO01", "status_before", status=201, body={"import_id": STRANGE_IMPORT}, times=times)


def _answer_sto02(lane: Lane, facts: dict[str, Any]) -> None:
    body = {"import_id": STRANGE_IMPORT, **facts}
    lane.sandbox.add_fault("STO02", "status_before", status=200, body=body, match=STRANGE_IMPORT)
