"""BigCommerce's stock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from integration.answers import decode
from integration.bigcommerce.client import BigCommerce
from integration.errors import OutcomeUnknown, Rejected, Retryable
from integration.http import Transport

BASE = "https://bigcommerce.test"
INVENTORY = f"{BASE}/stores/hash/v3/inventory"


@pytest.fixture
def network() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def bigcommerce() -> BigCommerce:
    return BigCommerce(Transport(base_url=BASE, headers={"X-Auth-Token": "t"}, attempts=1), "hash", 1)


def item(sku: str, **levels: int) -> dict[str, Any]:
    """An item with its levels by location (`at_1=5`)."""
    locations = [{"location_id": int(at[3:]), "available_to_sell": level} for at, level in levels.items()]
    return {"identity": {"sku": sku, "variant_id": 9}, "locations": locations}


def test_levels_are_those_of_the_location_and_of_the_skus_asked_for(
    network: responses.RequestsMock, bigcommerce: BigCommerce
) -> None:
    data = [item("A", at_2=9, at_1=5), item("B", at_2=3), item("OTHER", at_1=1), {"identity": {"sku": "C"}}]
    network.get(f"{INVENTORY}/items", json={"data": data, "meta": {"pagination": {"total_pages": 1}}})
    assert bigcommerce.inventory(["A", "B", "C", "D"]) == {"A": 5}
    asked = network.calls[0].request.params  # type: ignore[attr-defined]  # the recorded object has it
    assert asked == {"sku:in": "A,B,C,D", "location_id:in": "1", "page": "1"}


def test_every_page_and_every_batch_is_read(network: responses.RequestsMock, bigcommerce: BigCommerce) -> None:
    skus = [f"S{number}" for number in range(51)]
    meta = {"pagination": {"total_pages": 2}}
    for data in ([item("S0", at_1=1)], [item("S49", at_1=2)], [item("S50", at_1=3)], []):
        network.get(f"{INVENTORY}/items", json={"data": data, "meta": meta})
    assert bigcommerce.inventory(skus) == {"S0": 1, "S49": 2, "S50": 3}


def test_no_skus_need_no_call(bigcommerce: BigCommerce) -> None:
    assert bigcommerce.inventory([]) == {}


def test_units_are_added_where_they_are(network: responses.RequestsMock, bigcommerce: BigCommerce) -> None:
    network.post(f"{INVENTORY}/adjustments/relative", json={"transaction_id": "t1"})
    assert bigcommerce.adjust("return R1", {"A": 2, "B": -1}) == "t1"
    assert decode(network.calls[0].request.body) == {  # type: ignore[arg-type]  # a recorded request has a body
        "reason": "return R1",
        "items": [
            {"location_id": 1, "sku": "A", "quantity": 2},
            {"location_id": 1, "sku": "B", "quantity": -1},
        ],
    }


def test_an_item_that_takes_no_relative_adjustment_is_refused(
    network: responses.RequestsMock, bigcommerce: BigCommerce
) -> None:
    title = {"title": "requires absolute adjustment before relative"}
    network.post(f"{INVENTORY}/adjustments/relative", status=422, json=title)
    with pytest.raises(Rejected, match="requires absolute"):
        bigcommerce.adjust("return R1", {"A": 1})


def test_a_spent_quota_says_when_it_is_filled_again(network: responses.RequestsMock, bigcommerce: BigCommerce) -> None:
    headers = {"X-Rate-Limit-Time-Reset-Ms": "15000", "X-Rate-Limit-Requests-Left": "0"}
    network.post(f"{INVENTORY}/adjustments/relative", status=429, headers=headers)
    with pytest.raises(Retryable, check=lambda spent: spent.retry_after == 15):
        bigcommerce.adjust("return R1", {"A": 1})


def test_an_adjustment_without_an_answer_is_unknown(network: responses.RequestsMock, bigcommerce: BigCommerce) -> None:
    network.post(f"{INVENTORY}/adjustments/relative", status=502)
    with pytest.raises(OutcomeUnknown):
        bigcommerce.adjust("return R1", {"A": 1})
