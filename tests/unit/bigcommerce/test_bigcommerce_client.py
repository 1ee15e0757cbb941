"""BigCommerce's stock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from integration.answers import decode
from integration.bigcommerce.client import BigCommerce, Stock, other_way
from integration.bigcommerce.quota import LEFT, RESET, Quota
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
    """An item with what is on hand by location (`at_1=5`), of which two may not be sold."""
    locations = [
        {"location_id": int(at[3:]), "total_inventory_onhand": level, "available_to_sell": level - 2}
        for at, level in levels.items()
    ]
    return {"identity": {"sku": sku, "variant_id": 9}, "locations": locations}


def test_levels_are_those_of_the_location_and_of_the_skus_asked_for(
    network: responses.RequestsMock, bigcommerce: BigCommerce
) -> None:
    data = [item("A", at_2=9, at_1=5), item("B", at_2=3), item("OTHER", at_1=1), {"identity": {"sku": "C"}}]
    network.get(f"{INVENTORY}/items", json={"data": data, "meta": {"pagination": {"total_pages": 1}}})
    assert bigcommerce.inventory(["A", "B", "C", "D"]) == {"A": Stock(5, 3)}
    asked = network.calls[0].request.params  # type: ignore[attr-defined]  # the recorded object has it
    assert asked == {"sku:in": "A,B,C,D", "location_id:in": "1", "page": "1"}


def test_every_page_and_every_batch_is_read(network: responses.RequestsMock, bigcommerce: BigCommerce) -> None:
    skus = [f"S{number}" for number in range(51)]
    meta = {"pagination": {"total_pages": 2}}
    for data in ([item("S0", at_1=1)], [item("S49", at_1=2)], [item("S50", at_1=3)], []):
        network.get(f"{INVENTORY}/items", json={"data": data, "meta": meta})
    assert bigcommerce.inventory(skus) == {"S0": Stock(1, -1), "S49": Stock(2, 0), "S50": Stock(3, 1)}


@pytest.mark.parametrize("figure", [None, "5", 5.5, 10**30, True, [5]])
def test_a_figure_that_cannot_be_counted_on_is_none_and_hides_no_other(
    network: responses.RequestsMock, bigcommerce: BigCommerce, figure: object
) -> None:
    """M10, M11: a level that is missing, or no number that can be stored, is nobody's guess."""
    strange = {"identity": {"sku": "B"}, "locations": [{"location_id": 1, "total_inventory_onhand": figure}]}
    network.get(f"{INVENTORY}/items", json={"data": [{"identity": {}}, strange, item("A", at_1=5)]})
    assert bigcommerce.inventory(["A", "B"]) == {"A": Stock(5, 3), "B": Stock(None, None)}


def test_an_sku_with_a_comma_is_asked_for_by_its_variant(
    network: responses.RequestsMock, bigcommerce: BigCommerce
) -> None:
    """L12: a list of SKUs splits at commas, a search for one variant does not."""
    variants = [{"id": 8, "sku": "M,RED,XL"}, {"id": 9, "sku": "M,RED"}]
    network.get(f"{BASE}/stores/hash/v3/catalog/variants", json={"data": variants})
    network.get(f"{INVENTORY}/items", json={"data": [item("A", at_1=1)]})
    network.get(f"{INVENTORY}/items", json={"data": [item("M,RED", at_1=5)]})
    assert bigcommerce.inventory(["M,RED", "A"]) == {"M,RED": Stock(5, 3), "A": Stock(1, -1)}
    asked = [call.request.params for call in network.calls]  # type: ignore[attr-defined]  # the recorded object has it
    assert asked[0] == {"sku": "M,RED"}
    by_name = [
        {name: value for name, value in one.items() if name.endswith("d:in") or name == "sku:in"} for one in asked
    ]
    assert by_name[1:] == [{"location_id:in": "1", "sku:in": "A"}, {"location_id:in": "1", "variant_id:in": "9"}]
    network.post(f"{INVENTORY}/adjustments/relative", json={"transaction_id": "t1"})
    bigcommerce.adjust_variant("return R1", 9, 2)
    sent = decode(network.calls[-1].request.body)["items"]  # type: ignore[arg-type]  # a recorded request has a body
    assert sent == [{"location_id": 1, "variant_id": 9, "quantity": 2}]


def test_pages_that_never_end_are_left(network: responses.RequestsMock, bigcommerce: BigCommerce) -> None:
    network.get(f"{INVENTORY}/items", json={"data": [], "meta": {"pagination": {"total_pages": 10**12}}})
    assert bigcommerce.inventory(["A"]) == {}
    assert len(network.calls) == 20


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


@pytest.mark.parametrize(
    ("status", "title", "way"),
    [
        (422, "SKU A is tracked by product", "by_product"),
        (422, "SKU A requires absolute adjustment before relative", "absolute"),
        (422, "The item was not found", None),
        (400, "SKU A is tracked by product", None),
    ],
)
def test_an_item_may_want_to_be_adjusted_in_another_way(
    network: responses.RequestsMock, bigcommerce: BigCommerce, status: int, title: str, way: str | None
) -> None:
    network.post(f"{INVENTORY}/adjustments/relative", status=status, json={"title": title})
    with pytest.raises(Rejected, check=lambda refused: other_way(refused) == way):
        bigcommerce.adjust("return R1", {"A": 1})


def test_an_item_is_adjusted_by_its_product_or_set(network: responses.RequestsMock, bigcommerce: BigCommerce) -> None:
    network.get(f"{INVENTORY}/items", json={"data": [{"identity": {"sku": "A", "product_id": 77}}]})
    network.post(f"{INVENTORY}/adjustments/relative", json={"transaction_id": "t1"})
    network.put(f"{INVENTORY}/adjustments/absolute", json={"transaction_id": "t2"})
    assert (bigcommerce.product_id("A"), bigcommerce.product_id("B")) == (77, None)
    assert bigcommerce.adjust_product("return R1", 77, 2) == "t1"
    assert bigcommerce.set_level("return R1", "A", 3) == "t2"
    sent = [decode(call.request.body)["items"] for call in network.calls[2:]]  # type: ignore[arg-type]  # as above
    assert sent == [
        [{"location_id": 1, "product_id": 77, "quantity": 2}],
        [{"location_id": 1, "sku": "A", "quantity": 3}],
    ]


def test_nothing_is_asked_of_a_store_whose_quota_is_spent(
    network: responses.RequestsMock, bigcommerce: BigCommerce
) -> None:
    headers = {"X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Time-Reset-Ms": "60000"}
    network.get(f"{INVENTORY}/items", json={"data": [item("A", at_1=5)]}, headers=headers)
    assert bigcommerce.inventory(["A"]) == {"A": Stock(5, 3)}
    with pytest.raises(Retryable, check=lambda spent: 59 < (spent.retry_after or 0) <= 60):
        bigcommerce.adjust("return R1", {"A": 1})
    assert len(network.calls) == 1


def test_a_store_that_turned_one_call_away_is_left_alone_by_all(
    network: responses.RequestsMock, bigcommerce: BigCommerce
) -> None:
    network.get(f"{INVENTORY}/items", status=429, headers={"X-Rate-Limit-Time-Reset-Ms": "60000"})
    for _ in range(2):
        with pytest.raises(Retryable):
            bigcommerce.inventory(["A"])
    assert len(network.calls) == 1


def test_a_store_that_does_not_answer_is_asked_again(network: responses.RequestsMock, bigcommerce: BigCommerce) -> None:
    network.get(f"{INVENTORY}/items", status=503)
    network.get(f"{INVENTORY}/items", json={"data": [item("A", at_1=5)]})
    with pytest.raises(Retryable):
        bigcommerce.inventory(["A"])
    assert bigcommerce.inventory(["A"]) == {"A": Stock(5, 3)}


def test_a_quota_is_filled_again_when_it_said_so() -> None:
    now = 100.0
    quota = Quota(clock=lambda: now)
    quota.note({LEFT: "3", RESET: "5000"})
    quota.note({})
    quota.check()
    quota.note({LEFT: "0", RESET: "5000"})
    quota.close(1.0)
    with pytest.raises(Retryable, check=lambda spent: spent.retry_after == 5.0):
        quota.check()
    now += 5.0
    quota.check()


def test_a_spent_quota_says_when_it_is_filled_again(network: responses.RequestsMock, bigcommerce: BigCommerce) -> None:
    headers = {"X-Rate-Limit-Time-Reset-Ms": "15000", "X-Rate-Limit-Requests-Left": "0"}
    network.post(f"{INVENTORY}/adjustments/relative", status=429, headers=headers)
    with pytest.raises(Retryable, check=lambda spent: spent.retry_after == 15):
        bigcommerce.adjust("return R1", {"A": 1})


def test_an_adjustment_without_an_answer_is_unknown(network: responses.RequestsMock, bigcommerce: BigCommerce) -> None:
    network.post(f"{INVENTORY}/adjustments/relative", status=502)
    with pytest.raises(OutcomeUnknown):
        bigcommerce.adjust("return R1", {"A": 1})
