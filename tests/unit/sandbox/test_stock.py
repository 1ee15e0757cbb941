"""OF21 and the stock imports STO01, STO02 and STO03."""

from __future__ import annotations

from typing import Any

import pytest

from integration.sandbox import SandboxClient
from tests.servers import wait_until
from tests.unit.sandbox.caller import Caller
from tests.unit.sandbox.conftest import Start

HEADER = '"offer-sku";"quantity";"warehouse-code";"update-delete"\n'


def imported(caller: Caller, text: str) -> dict[str, Any]:
    reply = caller.import_stock(text)
    assert reply.status == 201
    import_id = reply.json["import_id"]
    assert reply.headers["Location"].endswith(f"/{import_id}/status")
    status: dict[str, Any] = caller.mirakl("GET", f"/offers/stock/imports/{import_id}/status").json
    return status


def test_an_import_sets_quantities_and_does_not_add_to_them(sandbox: SandboxClient, caller: Caller) -> None:
    sandbox.seed_offers({"A": 3, "B": 5})
    for _ in range(2):
        status = imported(caller, f'{HEADER}"A";"4";"";"UPDATE"\n"B";"0";"";""\n')
        assert (status["status"], status["lines_in_success"], status["lines_in_error"]) == ("COMPLETE", 2, 0)
        assert status["has_error_report"] is False
    assert sandbox.books()["stock"] == {"A": 4, "B": 0}


def test_a_complete_import_may_hold_lines_that_failed(sandbox: SandboxClient, caller: Caller) -> None:
    sandbox.seed_offers({"A": 3})
    sandbox.seed_offers({"NEW": 0}, live=False)
    lines = [
        '"A";"7";"";"update"',
        '"GONE";"1";"";"update"',
        '"NEW";"1";"";"update"',
        '"A";"-1";"";"update"',
        '"A";"1";"LONDON";"update"',
        '"A";"1";"";"delete"',
    ]
    status = imported(caller, HEADER + "\n".join(lines))
    assert (status["status"], status["lines_in_success"], status["lines_in_error"]) == ("COMPLETE", 1, 5)
    report = caller.mirakl("GET", f"/offers/stock/imports/{status['import_id']}/error_report")
    assert report.headers["Content-Type"].startswith("text/csv")
    rows = report.body.decode().splitlines()
    assert rows[1] == '"3";"The offer does not exist";"GONE";"1";"";"update"'
    assert rows[2] == '"4";"The product is waiting for synchronization";"NEW";"1";"";"update"'
    assert len(rows) == 6
    assert sandbox.books()["stock"] == {"A": 7, "NEW": 0}
    sandbox.set_product_live("NEW")
    assert imported(caller, f'{HEADER}"NEW";"1";"";""\n')["lines_in_success"] == 1


def test_an_import_takes_its_time(start: Start) -> None:
    running, caller = start(scale=1.0, import_delay=0.15, ceilings=False)
    running.client.seed_offers({"A": 1})
    import_id = imported(caller, f'{HEADER}"A";"9";"";""\n')["import_id"]
    met: list[str] = []

    def complete() -> bool:
        status = caller.mirakl("GET", f"/offers/stock/imports/{import_id}/status").json
        if status["status"] not in met:
            met.append(status["status"])
            assert (running.client.books()["stock"]["A"] == 9) == (status["status"] == "COMPLETE")
        return "COMPLETE" in met

    wait_until(complete)
    assert met == ["WAITING", "RUNNING", "COMPLETE"]


def test_a_file_without_the_columns_fails_as_a_whole(caller: Caller) -> None:
    status = imported(caller, "sku,units\nA,1\n")
    assert (status["status"], status["lines_in_success"]) == ("FAILED", None)


def test_an_import_needs_a_file(caller: Caller) -> None:
    assert caller.mirakl("POST", "/offers/stock/imports", {}).status == 400


def test_an_import_of_nobody_and_a_report_that_is_not_there_are_not_found(
    sandbox: SandboxClient, caller: Caller
) -> None:
    sandbox.seed_offers({"A": 1})
    import_id = imported(caller, f'{HEADER}"A";"2";"";""\n')["import_id"]
    assert caller.mirakl("GET", "/offers/stock/imports/1/status").status == 404
    assert caller.mirakl("GET", f"/offers/stock/imports/{import_id}/error_report").status == 404


def test_offers_are_found_by_sku_and_say_why_they_are_not_on_sale(sandbox: SandboxClient, caller: Caller) -> None:
    sandbox.seed_offers({"A": 1, "AB": 0})
    sandbox.seed_offers({"NEW": 2}, live=False)

    def found(**query: str) -> dict[str, list[str]]:
        offers = caller.mirakl("GET", "/offers", query=query).json["offers"]
        return {offer["shop_sku"]: offer["inactivity_reasons"] for offer in offers}

    assert found(sku="A") == {"A": []}
    assert found(product_id="P-AB") == {"AB": ["ZERO_QUANTITY"]}
    assert found()["NEW"] == ["PRODUCT_STATUS_PENDING"]


def test_a_sale_takes_units_off_the_offer(sandbox: SandboxClient) -> None:
    sandbox.seed_offers({"A": 2})
    sandbox.sell_units("A")
    assert sandbox.books()["stock"] == {"A": 1}
    with pytest.raises(Exception, match=r"only 1 units"):
        sandbox.sell_units("A", 2)
