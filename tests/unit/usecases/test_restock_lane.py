"""Units that came back: which of them go on sale, under which SKU, and what happens to those that cannot."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from integration.ledger.reviews import resolve, reviews
from integration.mirakl.operations import STO01
from integration.sandbox import SandboxClient, SandboxOptions
from integration.usecases import send_stock
from tests.unit.usecases.conftest import SCALE, StartFleet
from tests.unit.usecases.lane import Lane, Parcel, tables

RESTOCK, INSPECT, QUARANTINE = "RETURN_CHANGED_MIND", "RETURN_OTHER", "RETURN_DEFECTIVE_ITEM"
Told = list[tuple[str, int, str, str | None]]


def stock(lane: Lane) -> dict[str, int]:
    levels: dict[str, int] = lane.sandbox.books()["stock"]
    return levels


def files(lane: Lane) -> list[dict[str, str]]:
    """Every stock file that came to Mirakl: quantity by SKU."""
    imports = lane.sandbox.books()["imports"]
    return [{row["offer-sku"]: row["quantity"] for row in each["rows"]} for each in imports]


def told(lane: Lane, parcel: Parcel | None = None) -> Told:
    """SKU, units, state and reason of every movement."""
    return [(one.sku, one.quantity, one.state, one.reason) for one in lane.movements(parcel)]


def at_rest(lane: Lane) -> bool:
    """Nothing is on its way any more."""
    return bool(lane.movements()) and not {one.state for one in lane.movements()} & {"pending", "sent", "parked"}


def test_a_unit_goes_on_sale_by_the_table_unless_the_warehouse_says_no(
    start_fleet: StartFleet, sandbox: SandboxClient, database_url: str
) -> None:
    lane = Lane(start_fleet(database_url), sandbox)
    expected: dict[tuple[str, bool | None], tuple[int, str, str | None]] = {
        (RESTOCK, None): (7, "done", None),
        (RESTOCK, True): (7, "done", None),
        (RESTOCK, False): (5, "excluded", "warehouse_says_no"),
        (INSPECT, None): (5, "excluded", "awaiting_inspection"),
        (INSPECT, True): (7, "done", None),
        (INSPECT, False): (5, "excluded", "warehouse_says_no"),
        (QUARANTINE, None): (5, "excluded", "quarantine"),
        (QUARANTINE, True): (5, "excluded", "quarantine"),
    }
    lane.sandbox.seed_offers({f"SKU-{number}": 5 for number in range(len(expected))})
    parcels = [lane.send_back(2, sku=f"SKU-{number}", reason=reason) for number, (reason, _) in enumerate(expected)]
    lane.arrive(*parcels)
    for parcel, (_, restock) in zip(parcels, expected, strict=True):
        lane.judge(parcel, accepted=2, restock=restock)
    lane.until(lambda: len(lane.movements()) == len(expected) and at_rest(lane))
    levels = stock(lane)
    found = [(levels[sku], state, reason) for parcel in parcels for sku, units, state, reason in told(lane, parcel)]
    assert dict(zip(expected, found, strict=True)) == expected
    assert {one.location for one in lane.movements()} == {"sellable", "inspection", "quarantine"}


@pytest.mark.parametrize("options", [SandboxOptions(scale=SCALE, reveni_fills_restocked_quantity=True)])
def test_where_reveni_counts_restocked_units_only_their_growth_goes_on_sale(lane: Lane) -> None:
    lane.sandbox.seed_offers({"SKU-1": 5})
    parcel = lane.come_back(lane.send_back(4), accepted=3)
    assert told(lane) == [("SKU-1", 3, "excluded", "awaiting_restock")]

    lane.judge(parcel, restocked_quantity=1)
    lane.until(lambda: at_rest(lane) and len(lane.movements()) == 2)
    assert told(lane) == [("SKU-1", 2, "excluded", "awaiting_restock"), ("SKU-1", 1, "done", None)]
    assert stock(lane) == {"SKU-1": 6}

    lane.judge(parcel, accepted=1, restocked_quantity=4)
    lane.until(lambda: at_rest(lane) and len(lane.movements()) == 3)
    assert sorted(told(lane)) == [("SKU-1", 1, "done", None), ("SKU-1", 1, "done", None), ("SKU-1", 2, "done", None)]
    assert stock(lane) == {"SKU-1": 9}


def test_units_that_the_warehouse_takes_back_after_they_went_on_sale_are_told_and_left(lane: Lane) -> None:
    lane.sandbox.seed_offers({"SKU-1": 5})
    parcel = lane.come_back(lane.send_back(), accepted=1)
    lane.until(lambda: at_rest(lane))
    lane.judge(parcel, restock=False)
    lane.until(lambda: ("return", "already_on_sale") in lane.inbox())
    assert stock(lane) == {"SKU-1": 6}


def test_a_warehouse_that_finds_them_sellable_again_closes_the_case(lane: Lane) -> None:
    """M14: the case is about each line's units, is told once, and closes when Reveni says that all may be sold."""
    lane.sandbox.seed_offers({"SKU-1": 5})
    parcel = lane.come_back(lane.send_back(2), accepted=2)
    lane.until(lambda: at_rest(lane))
    for _ in range(2):
        lane.judge(parcel, restock=False)
        lane.until(lambda: ("return", "already_on_sale") in lane.inbox())
        lane.judge(parcel, restock=True)
        lane.until(lambda: lane.inbox() == set())
    with lane.fleet.ports.ledger.read() as tx:
        assert {one.resolution for one in reviews(tx, state=None)} == {
            "Reveni says again that these units are to be sold"
        }
    lane.judge(parcel, restock=False)
    lane.until(lambda: ("return", "already_on_sale") in lane.inbox())
    with lane.fleet.ports.ledger.write() as tx:
        assert resolve(tx, kind="return", subject=parcel.return_id, resolution="dismiss") == 1
    lane.judge(parcel, received_sku="SKU-1")  # news, but not of this
    lane.turn()
    assert (lane.inbox(), stock(lane)) == (set(), {"SKU-1": 7})


def test_the_sku_is_that_of_what_the_warehouse_found(
    start_fleet: StartFleet, sandbox: SandboxClient, tmp_path: Path
) -> None:
    lane = Lane(start_fleet(mappings_dir=tables(tmp_path / "tables", "WH-RED,RED-M,")), sandbox)
    lane.sandbox.seed_offers({"BLUE-M": 1, "RED-M": 1, "GREEN-M": 1})
    parcels = [lane.send_back(sku="BLUE-M") for _ in range(3)]
    lane.arrive(*parcels)
    for parcel, found in zip(parcels, ["WH-RED", "GREEN-M", None], strict=True):
        lane.judge(parcel, accepted=1, received_sku=found)
    lane.until(lambda: at_rest(lane) and len(lane.movements()) == 3)
    assert stock(lane) == {"BLUE-M": 2, "RED-M": 2, "GREEN-M": 2}


def test_an_sku_without_a_row_is_held_where_mapping_is_strict_until_the_row_is_there(
    start_fleet: StartFleet, sandbox: SandboxClient, tmp_path: Path
) -> None:
    folder = tables(tmp_path / "tables", "WH-BLUE,BLUE-M,")
    lane = Lane(start_fleet(mappings_dir=folder, sku_mapping="strict"), sandbox)
    lane.sandbox.seed_offers({"BLUE-M": 1, "RED-M": 1})
    lane.come_back(lane.send_back(sku="BLUE-M"), accepted=1, received_sku="WH-RED")
    (movement,) = lane.movements()
    assert (movement.state, movement.reason) == ("held", "unmapped_sku")
    assert lane.replay("stock", movement.id).note == "skus.csv still has no row for WH-RED: add it first."

    tables(folder, "WH-BLUE,BLUE-M,", "WH-RED,RED-M,")
    lane.until(lambda: lane.replay("stock", movement.id).applied)
    lane.until(lambda: at_rest(lane))
    assert (told(lane), lane.inbox()) == ([("RED-M", 1, "done", None)], set())
    assert stock(lane) == {"BLUE-M": 1, "RED-M": 2}


def test_a_unit_without_an_offer_is_held_alone_and_goes_when_it_is_replayed(lane: Lane) -> None:
    lane.sandbox.seed_offers({"SKU-1": 5})
    strange, usual = lane.send_back(sku="NOT-OFFERED"), lane.send_back()
    lane.arrive(strange, usual)
    for parcel in (strange, usual):
        lane.judge(parcel, accepted=1)
    lane.until(lambda: at_rest(lane) and len(lane.movements()) == 2)
    assert told(lane, strange) == [("NOT-OFFERED", 1, "held", "no_such_offer")]
    assert (told(lane, usual), stock(lane)) == ([("SKU-1", 1, "done", None)], {"SKU-1": 6})

    lane.sandbox.seed_offers({"NOT-OFFERED": 0})
    assert lane.replay("stock", lane.movements(strange)[0].id).applied
    lane.until(lambda: at_rest(lane))
    assert (stock(lane), lane.inbox()) == ({"SKU-1": 6, "NOT-OFFERED": 1}, set())


def test_an_offer_that_cannot_be_counted_on_holds_its_own_units_alone(lane: Lane) -> None:
    shown: dict[str, list[dict[str, object]]] = {
        "TWICE": [{"shop_sku": "TWICE", "quantity": 5}, {"shop_sku": "TWICE", "quantity": 7}],
        "UNTOLD": [{"shop_sku": "UNTOLD"}],
    }
    lane.sandbox.seed_offers({"SKU-1": 5, **dict.fromkeys(shown, 5)})
    for sku, offers in shown.items():
        body = {"offers": offers, "total_count": len(offers)}
        lane.sandbox.add_fault("OF21", "status_before", status=200, body=body, match=f"sku={sku}")
    parcels = [lane.send_back(sku=sku) for sku in ("SKU-1", *shown)]
    lane.arrive(*parcels)
    for parcel in parcels:
        lane.judge(parcel, accepted=1)
    lane.until(lambda: at_rest(lane) and len(lane.movements()) == 3)
    assert sorted(told(lane)) == [
        ("SKU-1", 1, "done", None),
        ("TWICE", 1, "held", "offer_not_unique"),
        ("UNTOLD", 1, "held", "offer_without_quantity"),
    ]
    assert stock(lane) == {"SKU-1": 6, "TWICE": 5, "UNTOLD": 5}


def test_a_product_that_is_not_live_yet_is_tried_again_until_it_is(lane: Lane) -> None:
    lane.sandbox.seed_offers({"SKU-1": 5})
    lane.sandbox.seed_offers({"NEW": 0}, live=False)
    parked, usual = lane.send_back(2, sku="NEW"), lane.send_back()
    lane.arrive(parked, usual)
    for parcel, units in ((parked, 2), (usual, 1)):
        lane.judge(parcel, accepted=units)
    lane.until(lambda: [one.parked_times for one in lane.movements(parked)] == [2])
    assert told(lane, parked) == [("NEW", 2, "parked", "product_not_live_yet")]
    assert told(lane, usual) == [("SKU-1", 1, "done", None)]

    lane.sandbox.set_product_live("NEW")
    lane.until(lambda: at_rest(lane))
    assert (stock(lane), lane.inbox()) == ({"SKU-1": 6, "NEW": 2}, set())


def test_a_held_refund_holds_no_unit_back(lane: Lane) -> None:
    lane.sandbox.seed_offers({"SKU-1": 5})
    parcel = lane.send_back()
    lane.arrive(parcel)
    lane.sandbox.set_reveni_return(parcel.return_id, type="exchange")
    lane.judge(parcel, accepted=1)
    lane.until(lambda: at_rest(lane))
    assert [refund.state for refund in lane.refunds()] == ["held"]
    assert (stock(lane), lane.sandbox.books()["refunds"]) == ({"SKU-1": 6}, {})


def test_the_first_unit_goes_at_once_and_what_follows_within_the_minute_goes_together(lane: Lane) -> None:
    names = [f"SKU-{number}" for number in range(6)]
    lane.sandbox.seed_offers(dict.fromkeys(names, 1))
    parcels = [lane.send_back(2, sku=sku) for sku in names for _ in range(2)]
    lane.arrive(*parcels)
    first, *others = parcels
    lane.judge(first, accepted=2)
    lane.turn()
    assert files(lane) == [{"SKU-0": "3"}]
    for parcel in others:
        lane.judge(parcel, accepted=2)
    lane.until(lambda: at_rest(lane) and len(lane.movements()) == len(parcels))
    assert files(lane) == [{"SKU-0": "3"}, dict.fromkeys(names, "5")]
    assert stock(lane) == dict.fromkeys(names, 5)
    assert lane.sandbox.books()["ceiling_violations"] == {}


def test_a_file_overtakes_verdicts_that_are_still_to_be_read(lane: Lane) -> None:
    lane.sandbox.seed_offers({"SKU-1": 5})
    parcels = [lane.send_back() for _ in range(2)]
    lane.arrive(*parcels)
    lane.fleet.take_rings()
    lane.judge(parcels[0], accepted=1)
    lane.work_until("read_verdict", "confirmed")
    lane.tell(parcels[1])
    urgent = {ring.kind: ring.urgent for ring in lane.fleet.take_rings()}
    assert (urgent["send_stock"], urgent["read_verdict"]) == (True, False)


@pytest.mark.parametrize("options", [SandboxOptions(scale=SCALE, import_delay=60.0)])
def test_no_import_begins_before_the_one_before_it_is_over(lane: Lane) -> None:
    lane.sandbox.seed_offers({"SKU-1": 1, "SKU-2": 1})
    parcels = [lane.send_back(sku=sku) for sku in ("SKU-1", "SKU-2")]
    lane.arrive(*parcels)
    for parcel in parcels:
        lane.judge(parcel, accepted=1)
        lane.turn()
    lane.until(lambda: at_rest(lane) and len(lane.movements()) == 2)
    calls = [call["operation"] for call in lane.sandbox.calls() if call["operation"] in ("STO01", "STO02")]
    assert calls.count("STO01") == 2
    assert ("STO01", "STO01") not in pairwise(calls)
    assert lane.sandbox.books()["ceiling_violations"] == {}
    assert stock(lane) == {"SKU-1": 2, "SKU-2": 2}


def test_a_file_of_more_skus_than_one_claim_can_read_leaves_the_rest_to_the_next(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_stock, "MOST_SKUS", 2)
    names = ["SKU-1", "SKU-2", "SKU-3"]
    lane.sandbox.seed_offers(dict.fromkeys(names, 0))
    parcels = [lane.send_back(sku=sku) for sku in [*names, "SKU-1"]]
    lane.arrive(*parcels)
    for parcel in parcels:
        lane.judge(parcel, accepted=1)
    lane.until(lambda: at_rest(lane) and len(lane.movements()) == len(parcels))
    assert files(lane) == [{"SKU-1": "2", "SKU-2": "1"}, {"SKU-3": "1"}]


def test_a_ceiling_that_closes_meanwhile_is_waited_for(lane: Lane) -> None:
    lane.sandbox.seed_offers({"SKU-1": 5})
    lane.arrive(parcel := lane.send_back())
    lane.judge(parcel, accepted=1)
    lane.work_until("read_verdict", "confirmed")
    lane.fleet.ports.gate.close(STO01, 4.0)
    lane.until(lambda: at_rest(lane))
    assert any(told.endswith("ceiling_closed") for _, told in lane.fleet.outcomes)
    assert files(lane) == [{"SKU-1": "6"}]
