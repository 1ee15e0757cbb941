"""A return that must not be guessed about waits for a person, alone, and goes on when its cause is mended."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from integration.ledger.reviews import reviews
from integration.reveni.wire import Customer, NewReturn, NewReturnItem, NewReturnOrder
from integration.sandbox import SandboxClient
from integration.usecases.poll_returns import poll_returns
from integration.usecases.refusal import Refused
from integration.usecases.replay import replay
from integration.usecases.resolve_review import resolve_review
from mappings import FOLDER
from tests.inline_fleet import InlineFleet
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane, Parcel
from tests.unit.usecases.returned import held_for, poll_until, row, twins, until_held


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """The mapping files, to be edited while the fleet runs."""
    return Path(shutil.copytree(FOLDER, tmp_path / "tables", ignore=shutil.ignore_patterns("*.py", "__pycache__")))


def test_an_unmapped_reason_halts_its_return_alone_until_the_table_is_mended(
    start_fleet: StartFleet, sandbox: SandboxClient, tables: Path
) -> None:
    lane = Lane(start_fleet(mappings_dir=tables), sandbox)
    order_id = sandbox.seed_order(
        state="RECEIVED",
        lines=[
            {"sku": f"SKU-{n}", "quantity": 1, "unit_price": "9.00", "order_line_id": f"halted-{n}"} for n in (1, 2)
        ],
    )
    lines = [
        {"order_line_id": f"halted-{n}", "quantity": 1, "reason_code": reason}
        for n, reason in ((1, "RETURN_CHANGED_MIND"), (2, "RETURN_HAUNTED"))
    ]
    halted = Parcel(order_id, "halted-1", sandbox.open_return(order_id, lines))
    other = lane.send_back()
    lane.arrive(other)
    until_held(lane, halted, "unmapped_return_reason")
    assert twins(lane, halted) == []
    assert sandbox.books()["returns"][halted.return_id] == "WAITING_ACCEPTANCE"
    with (tables / "return_reasons.csv").open("a") as file:
        file.write("RETURN_HAUNTED,other,quarantine,17,none,quarantine,\n")
    assert replay(lane.fleet.ports, "return", halted.return_id, apply=True).applied
    lane.until(lambda: lane.reveni_id(halted) is not None)
    assert held_for(lane, halted) is None
    assert lane.inbox() == set()
    assert [item["return_reason"] for item in twins(lane, halted)[0]["return_items"]] == ["changed_mind", "other"]


def test_a_refund_reason_that_mirakl_forbids_the_shop_halts_the_return_until_it_allows_it(lane: Lane) -> None:
    allowed = {"code": "17", "label": "Item returned", "type": "REFUND", "is_shop_right": True}
    lane.sandbox.set_reasons([{**allowed, "is_shop_right": False}])
    parcel = lane.send_back()
    poll_returns(lane.fleet.ports)
    until_held(lane, parcel, "illegal_refund_reason")
    assert twins(lane, parcel) == []
    lane.sandbox.set_reasons([allowed])
    replay(lane.fleet.ports, "return", parcel.return_id, apply=True)
    lane.until(lambda: lane.reveni_id(parcel) is not None)


def test_a_refusal_by_reveni_is_held_without_its_words_and_goes_on_when_replayed(lane: Lane) -> None:
    complaint = {"email": ["zzcanary-7f3a@notification.example is not valid"]}
    lane.sandbox.add_fault("W1", "status_before", status=400, body=complaint, times=1)
    parcel = lane.send_back()
    poll_returns(lane.fleet.ports)
    until_held(lane, parcel, "reveni_rejected")
    with lane.fleet.ports.ledger.read() as tx:
        [review] = reviews(tx)
    assert "zzcanary" not in review.detail + str(review.evidence)
    replay(lane.fleet.ports, "return", parcel.return_id, apply=True)
    lane.until(lambda: lane.reveni_id(parcel) is not None)
    assert len(twins(lane, parcel)) == 1


def test_two_twins_in_reveni_are_a_case_for_a_person(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.arrive(parcel)
    second = lane.send_back()
    lane.sandbox.add_fault("W1", "lost_after", times=2)
    poll_returns(lane.fleet.ports)
    # A person has made the same return by hand before our lost call is looked for.
    lane.until(lambda: len(twins(lane, second)) == 1)
    _make_by_hand(lane, second)
    until_held(lane, second, "twice_in_reveni")


def _make_by_hand(lane: Lane, parcel: Parcel) -> None:
    order = NewReturnOrder(external_id=parcel.order_id, customer=Customer())
    item = NewReturnItem(
        external_id=parcel.order_line_id, sku="SKU-1", name="x", quantity=1, unit_price="25.0000", return_reason="other"
    )
    lane.sandbox.clear_faults()
    lane.fleet.ports.reveni.create_return(NewReturn(external_id=parcel.return_id, order=order, return_items=(item,)))


def test_a_line_that_does_not_add_up_goes_nowhere(lane: Lane) -> None:
    parcel = lane.send_back(3, price="25.00", unit_price="10.00")
    poll_returns(lane.fleet.ports)
    until_held(lane, parcel, "line_does_not_add_up")
    assert twins(lane, parcel) == []


def test_a_sku_that_is_not_in_a_strict_table_goes_nowhere(start_fleet: StartFleet, sandbox: SandboxClient) -> None:
    lane = Lane(start_fleet(sku_mapping="strict"), sandbox)
    parcel = lane.send_back()
    poll_returns(lane.fleet.ports)
    until_held(lane, parcel, "unmapped_sku")
    assert twins(lane, parcel) == []


def test_a_refusal_inside_a_200_is_a_failure_of_that_return(lane: Lane) -> None:
    parcel = lane.send_back()
    refused = {"return_success": [], "return_errors": [{"id": parcel.return_id, "message": "Return is under dispute"}]}
    lane.sandbox.add_fault("RT21", "status_before", status=200, body=refused)
    poll_returns(lane.fleet.ports)
    until_held(lane, parcel, "accept_return_rejected")
    with lane.fleet.ports.ledger.read() as tx:
        assert reviews(tx)[0].detail == "Return is under dispute"
    lane.sandbox.clear_faults()
    replay(lane.fleet.ports, "return", parcel.return_id, apply=True)
    lane.arrive(parcel)


def test_a_return_that_is_canceled_before_it_is_accepted_goes_no_further(lane: Lane) -> None:
    parcel = lane.send_back()
    poll_returns(lane.fleet.ports)
    lane.sandbox.cancel_return(parcel.return_id)
    poll_until(lane, parcel, "canceled")
    lane.turn()
    assert (twins(lane, parcel), lane.inbox()) == ([], set())


def test_an_unmapped_rejection_halts_the_assessment_until_it_is_mapped(
    start_fleet: StartFleet, sandbox: SandboxClient, tables: Path
) -> None:
    rejections = tables / "reject_reasons.csv"
    rejections.write_text("\n".join(line for line in rejections.read_text().splitlines() if "delay" not in line) + "\n")
    lane = Lane(start_fleet(mappings_dir=tables), sandbox)
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.judge(parcel, rejected=1, reject_reason="delay")
    until_held(lane, parcel, "unmapped_reject_reason")
    shutil.copy(FOLDER / "reject_reasons.csv", tables)
    replay(lane.fleet.ports, "return", parcel.return_id, apply=True)
    lane.until(lambda: row(lane, parcel).state == "closed")


def test_a_twin_that_was_judged_before_it_could_be_canceled_is_shown_to_a_person(lane: Lane) -> None:
    parcel = lane.send_back(2)
    lane.arrive(parcel)
    lane.sandbox.cancel_return(parcel.return_id)
    lane.sandbox.judge(parcel.return_id, parcel.order_line_id, accepted=1)  # and no webhook has told of it yet
    poll_until(lane, parcel, "held")
    until_held(lane, parcel, "cancel_return_rejected")


def test_a_state_that_nobody_knows_holds_the_return(fleet: InlineFleet, lane: Lane) -> None:
    known, strange = lane.send_back(), lane.send_back()
    lane.arrive(known, strange)
    shown: dict[str, Any] = {
        "id": strange.return_id, "order_id": strange.order_id, "state": "ON_THE_MOON",
        "return_lines": [{"order_line_id": strange.order_line_id, "quantity": 1}],
    }  # fmt: skip
    new = {**shown, "id": "never-seen", "order_id": "O-9"}
    twice = {**shown, "id": "twice", "return_lines": shown["return_lines"] * 2, "state": "IN_PROGRESS"}
    body = {"data": [shown, new, twice], "next_page_token": None}
    lane.sandbox.add_fault("RT11", "status_before", status=200, body=body, match="return_last_updated_from")

    def all_held() -> bool:
        poll_returns(fleet.ports)
        with fleet.ports.ledger.read() as tx:
            return len(reviews(tx)) == 3

    lane.until(all_held)
    assert held_for(lane, strange) == "unknown_return_state"
    with fleet.ports.ledger.read() as tx:
        cases = {(review.subject, review.reason) for review in reviews(tx)}
    assert cases == {
        (strange.return_id, "unknown_return_state"),
        ("never-seen", "unknown_return_state"),
        ("twice", "duplicate_return_line"),
    }
    assert held_for(lane, known) is None


def test_an_order_that_mirakl_does_not_show_holds_its_return(lane: Lane) -> None:
    parcel = lane.send_back()
    lane.sandbox.add_fault("OR11", "status_before", status=200, body={"orders": [], "total_count": 0})
    poll_returns(lane.fleet.ports)
    until_held(lane, parcel, "order_not_on_mirakl")
    assert twins(lane, parcel) == []


def test_a_return_that_is_certainly_not_in_reveni_is_made_there_by_a_persons_word(lane: Lane) -> None:
    """M13: sent twice, unanswered and not to be found: a replay looks, and only a person has it sent a third time."""
    lane.sandbox.add_fault("W1", "lost_before")
    parcel = lane.send_back()
    poll_returns(lane.fleet.ports)
    until_held(lane, parcel, "unknown_outcome")
    with lane.fleet.ports.ledger.read() as tx:
        (review,) = reviews(tx)
    with pytest.raises(Refused, match=f"backhaul replay return {parcel.return_id}"):
        resolve_review(lane.fleet.ports, review.id, "done", note="it is there")
    lane.sandbox.clear_faults()
    assert "create return" in resolve_review(lane.fleet.ports, review.id, "send_again", note="it is not there")
    lane.until(lambda: lane.reveni_id(parcel) is not None)
    assert (len(twins(lane, parcel)), lane.inbox()) == (1, set())
