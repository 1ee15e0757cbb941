"""BigCommerce."""

from __future__ import annotations

from typing import Any

import pytest

from integration.sandbox import SandboxClient
from tests.servers import wait_until
from tests.unit.sandbox.caller import Caller
from tests.unit.sandbox.conftest import Start


def adjust(caller: Caller, verb: str, **item: Any) -> Any:
    path = {"PUT": "absolute", "POST": "relative"}[verb]
    body = {"reason": "return", "items": [{"location_id": 1, "sku": "A", "quantity": 1, **item}]}
    return caller.bigcommerce(verb, f"inventory/adjustments/{path}", body)


def level(caller: Caller, sku: str = "A") -> int:
    query = {"sku:in": sku, "location_id:in": "1"}
    found = caller.bigcommerce("GET", "inventory/items", query=query).json["data"]
    return int(found[0]["locations"][0]["available_to_sell"])


def test_a_relative_adjustment_sent_twice_counts_twice(sandbox: SandboxClient, caller: Caller) -> None:
    sandbox.set_bigcommerce_levels({"A": 5})
    for _ in range(2):
        assert adjust(caller, "POST").json["transaction_id"]
    assert level(caller) == 7
    adjust(caller, "PUT", quantity=3)
    assert sandbox.books()["bigcommerce_stock"] == {"A": 3}


def test_an_adjustment_applies_later_than_it_is_answered(start: Start) -> None:
    running, caller = start(scale=1.0, adjustment_delay=0.3)
    running.client.set_bigcommerce_levels({"A": 5})
    adjust(caller, "POST")
    assert level(caller) == 5
    wait_until(lambda: level(caller) == 6)


def test_items_and_variants_are_found_and_paged(sandbox: SandboxClient, caller: Caller) -> None:
    sandbox.set_bigcommerce_levels({"A": 0, "B": 2, "C": 3})
    found = caller.bigcommerce("GET", "inventory/items", query={"sku:in": "A,C"}).json
    assert [item["identity"]["sku"] for item in found["data"]] == ["A", "C"]
    assert found["data"][0]["locations"][0]["settings"]["is_in_stock"] is False
    page = caller.bigcommerce("GET", "inventory/items", query={"limit": 2, "page": 2}).json
    assert [item["identity"]["sku"] for item in page["data"]] == ["C"]
    assert page["meta"]["pagination"]["total_pages"] == 2
    elsewhere = caller.bigcommerce("GET", "inventory/items", query={"location_id:in": "2"}).json
    assert elsewhere["data"][0]["locations"] == []
    variant = caller.bigcommerce("GET", "catalog/variants", query={"sku": "B"}).json["data"][0]
    assert variant["sku"] == "B"
    assert adjust(caller, "POST", sku=None, variant_id=variant["id"]).status == 200
    assert level(caller, "B") == 3


def test_an_item_may_want_an_absolute_adjustment_first(sandbox: SandboxClient, caller: Caller) -> None:
    sandbox.set_bigcommerce_levels({"A": 5})
    sandbox.set_bigcommerce_refusal("A", "absolute_first")
    refused = adjust(caller, "POST")
    assert (refused.status, refused.json["title"]) == (422, "SKU A requires absolute adjustment before relative")
    assert adjust(caller, "PUT", quantity=5).status == 200
    assert adjust(caller, "POST").status == 200


def test_an_item_may_be_tracked_by_product(sandbox: SandboxClient, caller: Caller) -> None:
    sandbox.set_bigcommerce_levels({"A": 5})
    sandbox.set_bigcommerce_refusal("A", "tracked_by_product")
    assert "is tracked by product" in adjust(caller, "PUT").json["title"]
    assert adjust(caller, "POST", sku=None, product_id=100).status == 200
    with pytest.raises(Exception, match=r"not a refusal"):
        sandbox.set_bigcommerce_refusal("A", "unwilling")


@pytest.mark.parametrize("item", [{"sku": "NONE"}, {"quantity": "one"}, {"location_id": None}])
def test_a_malformed_adjustment_is_unprocessable(sandbox: SandboxClient, caller: Caller, item: dict[str, Any]) -> None:
    sandbox.set_bigcommerce_levels({"A": 5})
    assert adjust(caller, "POST", **item).status == 422
    assert level(caller) == 5


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": 1}])
def test_an_adjustment_needs_items(caller: Caller, body: dict[str, Any]) -> None:
    assert caller.bigcommerce("POST", "inventory/adjustments/relative", body).status == 422


def test_strangers_are_refused(caller: Caller) -> None:
    path = f"/stores/{caller.options.bigcommerce_store_hash}/v3/inventory/items"
    assert caller.call("GET", path).status == 401
    token = {"X-Auth-Token": caller.options.bigcommerce_token}
    assert caller.call("GET", "/stores/another/v3/inventory/items", headers=token).status == 404


def test_the_quota_is_told_spent_and_filled_again(start: Start) -> None:
    _, caller = start(scale=0.05, bigcommerce_quota=2)
    first = caller.bigcommerce("GET", "inventory/items")
    assert first.headers["X-Rate-Limit-Requests-Left"] == "1"
    assert first.headers["X-Rate-Limit-Requests-Quota"] == "2"
    caller.bigcommerce("GET", "inventory/items")
    spent = caller.bigcommerce("GET", "inventory/items")
    assert (spent.status, spent.headers["X-Rate-Limit-Requests-Left"]) == (429, "0")
    assert 0 < int(spent.headers["X-Rate-Limit-Time-Reset-Ms"]) <= 1500
    wait_until(lambda: caller.bigcommerce("GET", "inventory/items").status == 200)
