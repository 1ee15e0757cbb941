"""Offers are read again after an import, and before the next: what sales do not explain is left to a person."""

from __future__ import annotations

import pytest

from integration.sandbox import SandboxClient
from integration.usecases import compare_offers
from tests.unit.usecases.conftest import StartFleet
from tests.unit.usecases.lane import Lane

UNEXPLAINED = ("held", "stock_level_unexplained")
DONE = ("done", None)
STRANGE_IMPORT = "4711"
"""An import that is not in the sandbox's books: it changes nothing there."""


@pytest.fixture
def lane(start_fleet: StartFleet, sandbox: SandboxClient) -> Lane:
    sandbox.seed_offers({"SKU-1": 5, "SKU-2": 0})
    return Lane(start_fleet(), sandbox)


def come_back(lane: Lane, *skus: str) -> None:
    """One unit of each, judged together."""
    parcels = [lane.send_back(sku=sku) for sku in skus]
    lane.arrive(*parcels)
    for parcel in parcels:
        lane.judge(parcel, accepted=1)


def states(lane: Lane) -> list[tuple[str, str | None]]:
    return [(one.state, one.reason) for one in lane.movements()]


def until(lane: Lane, *expected: tuple[str, str | None]) -> None:
    lane.until(lambda: states(lane) == list(expected))


def stock(lane: Lane) -> dict[str, int]:
    levels: dict[str, int] = lane.sandbox.books()["stock"]
    return levels


def test_an_offer_that_somebody_else_raised_after_our_import_is_held_alone(lane: Lane) -> None:
    come_back(lane, "SKU-1", "SKU-2")
    lane.work_until("send_stock", "confirmed")
    lane.sandbox.seed_offers({"SKU-1": 7})
    until(lane, UNEXPLAINED, DONE)
    assert stock(lane) == {"SKU-1": 7, "SKU-2": 1}
    assert lane.inbox() == {("stock", "stock_level_unexplained")}


def test_units_sold_after_our_import_explain_any_lower_level(lane: Lane) -> None:
    come_back(lane, "SKU-1", "SKU-2")
    lane.work_until("send_stock", "confirmed")
    lane.sandbox.sell_units("SKU-1", 6)
    until(lane, DONE, DONE)
    assert stock(lane) == {"SKU-1": 0, "SKU-2": 1}


def test_a_file_of_which_no_line_is_left_is_not_sent_and_keeps_nobody_waiting(lane: Lane) -> None:
    come_back(lane, "NOT-OFFERED")
    until(lane, ("held", "no_such_offer"))
    assert lane.sandbox.calls("STO01") == []
    come_back(lane, "SKU-2")
    until(lane, ("held", "no_such_offer"), DONE)
    assert stock(lane) == {"SKU-1": 5, "SKU-2": 1}


def test_an_import_that_failed_and_yet_left_its_mark_is_not_sent_again(lane: Lane) -> None:
    _answer(lane, {"status": "FAILED"})
    come_back(lane, "SKU-1", "SKU-2")
    lane.work_until("send_stock", "confirmed")
    lane.sandbox.seed_offers({"SKU-1": 6})
    until(lane, UNEXPLAINED, DONE)
    assert stock(lane) == {"SKU-1": 6, "SKU-2": 1}


def test_a_complete_import_that_does_not_tell_of_every_line_is_not_believed(lane: Lane) -> None:
    _answer(lane, {"status": "COMPLETE", "lines_in_error": 0, "lines_in_success": 1, "has_error_report": False})
    come_back(lane, "SKU-1", "SKU-2")
    until(lane, ("held", "import_lines_missing"), ("held", "import_lines_missing"))


def test_an_offer_above_our_last_import_is_held_before_the_next_until_a_person_has_looked(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare_offers, "STRAY_WITHIN", 1e6)
    come_back(lane, "SKU-1")
    until(lane, DONE)
    lane.sandbox.seed_offers({"SKU-1": 8})
    come_back(lane, "SKU-1", "SKU-2")
    until(lane, DONE, UNEXPLAINED, DONE)
    assert stock(lane) == {"SKU-1": 8, "SKU-2": 1}

    assert lane.replay("stock", lane.movements()[1].id).applied
    until(lane, DONE, DONE, DONE)
    assert (stock(lane), lane.inbox()) == ({"SKU-1": 9, "SKU-2": 1}, set())


def test_an_offer_that_grew_long_after_our_import_has_new_goods(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_offers, "STRAY_WITHIN", 0.0)
    come_back(lane, "SKU-1")
    until(lane, DONE)
    lane.sandbox.seed_offers({"SKU-1": 50})
    come_back(lane, "SKU-1")
    until(lane, DONE, DONE)
    assert stock(lane) == {"SKU-1": 51, "SKU-2": 0}


def _answer(lane: Lane, status: dict[str, object]) -> None:
    """The next import has no effect, and ends as told."""
    lane.sandbox.add_fault("STO01", "status_before", status=201, body={"import_id": STRANGE_IMPORT}, times=1)
    body = {"import_id": STRANGE_IMPORT, **status}
    lane.sandbox.add_fault("STO02", "status_before", status=200, body=body, match=STRANGE_IMPORT)
