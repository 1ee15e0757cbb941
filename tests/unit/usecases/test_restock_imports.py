"""Stock files whose fate is unknown, that failed, or of which lines were refused: no unit is ever added twice."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from pydantic import ValidationError

from integration.ledger import intents
from integration.ledger.reviews import reviews
from integration.ledger.stock import add_movement
from integration.ledger.tables import Intent
from integration.mirakl.wire.offers import StockLine
from integration.sandbox import SandboxClient
from integration.usecases import follow_import, read_offers, send_stock
from integration.usecases.ports import Ports
from integration.usecases.resolve_review import resolve_review
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
    ("fault", "sold"),
    [
        ({"kind": "status_before", "status": 500}, 0),
        ({"kind": "lost_before"}, 0),
        ({"kind": "hang"}, 0),
        ({"kind": "lost_after"}, 1),
        ({"kind": "lost_after"}, 3),
    ],
    ids=["500", "lost before", "hangs", "landed, 1 sold", "landed, 3 sold"],
)
def test_a_file_that_sales_may_hide_is_not_sent_again_by_itself(lane: Lane, fault: dict[str, Any], sold: int) -> None:
    """M10: a level as before, or below, shows neither that the file landed nor that it did not; a person's word does.
    The others of the file, and those that come meanwhile, wait for nobody.
    """
    lane.sandbox.add_fault("STO01", times=1, **fault)
    come_back(lane)
    lane.work_until("send_stock", "unknown: outcome_unknown")
    landed = fault["kind"] == "lost_after"
    if landed:
        wait_until(lambda: stock(lane) == {"SKU-1": 6, "SKU-2": 2}, what="the file to land")
        lane.sandbox.sell_units("SKU-1", sold)
    lane.until(lambda: not {one.state for one in lane.movements()} & {"pending", "sent"})
    unclear = ("held", "stock_outcome_ambiguous")
    assert states(lane) == [unclear, ("done", None) if landed else unclear]
    assert (stock(lane)["SKU-1"], files_taken(lane)) == (6 - sold if landed else 5, int(landed))

    lane.come_back(lane.send_back(sku="SKU-2"), accepted=1)
    lane.until(lambda: lane.movements()[-1].state == "done")
    with lane.fleet.ports.ledger.read() as tx:
        cases = reviews(tx)
    for case in cases:
        resolve_review(lane.fleet.ports, case.id, "done" if landed else "send_again", note="compared with the orders")
    until_at_rest(lane)
    assert states(lane) == [("done", None)] * 3
    assert (stock(lane), lane.inbox()) == ({"SKU-1": 6 - sold, "SKU-2": 3}, set())
    assert lane.sandbox.books()["ceiling_violations"] == {}


def test_units_sold_while_the_outcome_is_unknown_stay_sold(lane: Lane) -> None:
    lose_the_answer(lane)
    lane.sandbox.sell_units("SKU-2")
    until_at_rest(lane)
    assert (states(lane), stock(lane)) == ([("done", None)] * 2, {"SKU-1": 6, "SKU-2": 1})


def test_a_file_that_was_turned_away_and_landed_all_the_same_is_not_added_to(lane: Lane) -> None:
    """M10: a 401 says that nothing was done; the offer is read before the next sending, and says otherwise."""
    lane.sandbox.add_fault("STO01", "status_after", status=401, times=1)
    come_back(lane)
    until_at_rest(lane)
    assert states(lane) == [("held", "stock_level_unexplained")] * 2
    assert stock(lane) == {"SKU-1": 6, "SKU-2": 2}


def test_an_offer_below_zero_is_nothing_to_be_added_to(lane: Lane) -> None:
    """M10: no level below 0 is ever written to Mirakl."""
    shown = {"offers": [{"shop_sku": "SKU-1", "quantity": -2, "active": True}], "total_count": 1}
    lane.sandbox.add_fault("OF21", "status_before", status=200, body=shown, match="sku=SKU-1")
    come_back(lane)
    lane.until(lambda: states(lane) == [("held", "offer_without_quantity"), ("done", None)])
    with pytest.raises(ValidationError):
        StockLine(sku="SKU-1", quantity=-1)


@pytest.mark.parametrize(("word", "ends"), [("CANCELLED", "COMPLETE"), ("RUNNING", "COMPLETE"), ("RUNNING", "FAILED")])
def test_an_import_that_does_not_end_is_held_after_a_while_and_keeps_nobody_waiting(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, word: str, ends: str
) -> None:
    """L10: the channel opens again, and a replay asks how the import ended instead of adding its units once more."""
    monkeypatch.setattr(follow_import, "ENDS_WITHIN", 300.0)
    if ends == "FAILED":
        _answer_sto01(lane, times=1)
        _answer_sto02(lane, {"status": word})
    lane.sandbox.end_imports_as(word)
    come_back(lane)
    until_at_rest(lane)
    assert states(lane) == [("held", "import_not_over")] * 2
    lane.sandbox.end_imports_as(None)
    lane.sandbox.clear_faults()
    lane.come_back(lane.send_back(sku="SKU-1"), accepted=1)
    lane.until(lambda: lane.movements()[-1].state == "done")

    _answer_sto02(lane, {"status": ends})
    assert lane.replay("stock", lane.movements()[0].id).applied
    lane.until(lambda: {one.state for one in lane.movements()} == {"done"})
    assert (stock(lane), lane.inbox()) == ({"SKU-1": 7, "SKU-2": 2}, set())
    assert files_taken(lane) == 2


def test_a_slow_marketplace_makes_files_smaller_and_stops_none(
    start_fleet: StartFleet, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L11: what could not be read before the claim is too old to send goes with the next file."""
    monkeypatch.setattr(read_offers, "SIDE_BY_SIDE", 2)
    names = [f"SKU-{number}" for number in range(8)]
    sandbox.seed_offers(dict.fromkeys(names, 1))
    lane = Lane(start_fleet(), sandbox)
    with lane.fleet.ports.ledger.write() as tx:
        for sku in names:
            add_movement(
                tx, return_id="R-1", order_line_id=sku, sku=sku, quantity=1, location=None, state="pending", reason=None
            )
    sandbox.add_fault("OF21", "delay", seconds=1.2, times=8)  # four rounds: more than the claim has before it sends
    lane.until(lambda: {one.state for one in lane.movements()} == {"done"})
    assert stock(lane) == dict.fromkeys(names, 2)
    assert len(lane.sandbox.books()["imports"][0]["rows"]) == 2
    assert not any("waiting_to_retry" in told for _, told in lane.fleet.outcomes)


def test_of_a_slow_stock_master_what_was_not_read_goes_with_the_next_file(
    start_fleet: StartFleet, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L11, L12: SKUs with commas are asked for one by one, which no claim waits for."""
    monkeypatch.setattr(send_stock, "_time_to_read", lambda _ports: 0.0)
    names = ["M,1", "M,2", "SKU-1", "SKU-2"]
    sandbox.seed_offers(dict.fromkeys(names, 1))
    sandbox.set_bigcommerce_levels(dict.fromkeys(names, 4))
    lane = Lane(start_fleet(bigcommerce=True), sandbox)
    with lane.fleet.ports.ledger.write() as tx:
        for sku in names:
            movement = add_movement(
                tx, return_id="R-1", order_line_id=sku, sku=sku, quantity=1, location=None, state="pending", reason=None
            )
            movement.in_stock_master = True
    lane.until(lambda: {one.state for one in lane.movements()} == {"done"})
    assert stock(lane) == dict.fromkeys(names, 4)
    files = [{row["offer-sku"] for row in one["rows"]} for one in lane.sandbox.books()["imports"]]
    assert files[0] == {"SKU-1", "SKU-2"}
    assert sorted(map(tuple, files[1:])) == [("M,1",), ("M,2",)]


def test_reading_after_which_nothing_is_sent_keeps_its_claim(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    """L11: however long it takes, nobody else begins with it anew."""
    with ports.ledger.write() as tx:
        decided, _ = intents.decide(tx, "follow_import", "4711")
    with ports.ledger.write() as tx:
        claimed = intents.claim(tx, decided.id, lease=0.0)
    assert claimed is not None
    seconds = count(step=10)
    monkeypatch.setattr("integration.usecases.read_offers.time.monotonic", lambda: next(seconds))
    renew = read_offers.keeping_the_claim(ports, claimed)

    def left() -> float:
        with ports.ledger.read() as tx:
            lease = tx.session.get_one(Intent, decided.id).lease_until
            return 0.0 if lease is None else (lease - tx.now).total_seconds()

    renew()
    assert left() <= 0
    renew()
    assert left() > 50


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
