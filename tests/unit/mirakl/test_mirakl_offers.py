"""Offers and stock imports."""

from __future__ import annotations

from typing import Any

import pytest
import responses

from integration.errors import OutcomeUnknown
from integration.mirakl.client import Mirakl
from integration.mirakl.operations import STO01, STO02, STO03
from integration.mirakl.wire import Offer, StockImport, StockLine, StockLineError
from tests.unit.mirakl.network import URL, CountingGate, query

IMPORTS = f"{URL}/api/offers/stock/imports"


def offer(sku: str, **facts: Any) -> dict[str, Any]:
    return {"shop_sku": sku, "quantity": 3, "active": True, "product_sku": "P", **facts}


def test_only_offers_of_exactly_this_sku_are_returned(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    found = [offer("SKU1"), offer("SKU10"), offer("sku1"), {"quantity": 1}]
    network.get(f"{URL}/api/offers", json={"total_count": 4, "offers": found})
    assert mirakl.offers("SKU1") == [Offer(sku="SKU1", quantity=3, active=True, product_sku="P")]
    assert query(network) == {"shop_id": "7", "sku": "SKU1", "max": "100", "offset": "0"}


def test_every_page_of_offers_is_read(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    network.get(f"{URL}/api/offers", json={"offers": [offer("SKU1", quantity=n) for n in range(100)]})
    last = offer("SKU1", active=False, inactivity_reasons=["ZERO_QUANTITY"])
    network.get(f"{URL}/api/offers", json={"offers": [last]})
    assert mirakl.offers("SKU1")[100].inactivity_reasons == ("ZERO_QUANTITY",)
    assert query(network)["offset"] == "100"


def test_stock_is_sent_as_a_csv_of_absolute_quantities(
    network: responses.RequestsMock, mirakl: Mirakl, gate: CountingGate
) -> None:
    network.post(IMPORTS, status=201, json={"import_id": 2151})
    lines = [StockLine(sku='S"1', quantity=4), StockLine(sku="S2", quantity=0, warehouse_code="W")]
    assert mirakl.import_stock(lines) == "2151"
    sent = network.calls[0].request.body
    assert (
        b'"offer-sku";"quantity";"warehouse-code";"update-delete"\n"S""1";"4";"";"update"\n"S2";"0";"W";"update"\n'
        in sent  # type: ignore[operator]  # a recorded request has a body
    )
    assert gate.counted == [STO01]


def test_an_import_without_an_id_is_unknown(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    network.post(IMPORTS, status=201, json={})
    with pytest.raises(OutcomeUnknown):
        mirakl.import_stock([StockLine(sku="S", quantity=1)])


def test_an_import_is_followed(network: responses.RequestsMock, mirakl: Mirakl, gate: CountingGate) -> None:
    status = {"import_id": "a/b", "status": "COMPLETE", "lines_in_error": 1, "has_error_report": True}
    network.get(f"{IMPORTS}/a%2Fb/status", json=status)
    assert mirakl.stock_import("a/b") == StockImport(**status)
    assert gate.counted == [STO02]


REFUSED = StockLineError(line=2, sku="S1", reason="The product is waiting, still")


@pytest.mark.parametrize(
    ("report", "errors"),
    [
        ("2;The product is waiting, still;S1;4;;update\n", [REFUSED]),
        ('\ufeff"2";"The product is waiting, still";"S1";"4";"";"update"\r\n', [REFUSED]),
        ('2,"The product is waiting, still",S1,4,,update\n', [REFUSED]),
        ("line;reason;offer-sku;quantity\n2;The product is waiting, still;S1;4\n\n;;;\n", [REFUSED]),
        ("line;reason;quantity;offer-sku\n2;The product is waiting, still;4;S1\n", [REFUSED]),
        ("2;Only a reason\n", [StockLineError(line=2, sku=None, reason="Only a reason")]),
        ("2;No SKU;;4\n", [StockLineError(line=2, sku=None, reason="No SKU")]),
        ("Something else altogether\n", [StockLineError(line=None, sku=None, reason="Something else altogether")]),
        ("", []),
    ],
)
def test_the_lines_that_were_refused_are_read_however_they_are_written(
    network: responses.RequestsMock, mirakl: Mirakl, gate: CountingGate, report: str, errors: list[StockLineError]
) -> None:
    network.get(f"{IMPORTS}/5/error_report", body=report.encode(), content_type="text/csv")
    assert mirakl.stock_import_errors("5") == errors
    assert network.calls[0].request.headers["Accept"] == "text/csv"
    assert gate.counted == [STO03]
