"""OR11."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from integration.sandbox import SandboxClient
from integration.sandbox.wire import timestamp
from tests.unit.sandbox.caller import Caller
from tests.unit.sandbox.conftest import Start


def test_a_page_holds_ten_orders_unless_asked_and_never_more_than_a_hundred(
    sandbox: SandboxClient, caller: Caller
) -> None:
    sandbox.seed_orders(105)
    first = caller.mirakl("GET", "/orders")
    assert len(first.json["orders"]) == 10
    assert first.json["total_count"] == 105
    assert 'offset=10>; rel="next"' in first.headers["Link"]
    assert len(caller.mirakl("GET", "/orders", query={"max": 500}).json["orders"]) == 100
    last = caller.mirakl("GET", "/orders", query={"max": 100, "offset": 100})
    assert len(last.json["orders"]) == 5
    assert 'offset=0>; rel="previous"' in last.headers["Link"]
    assert "next" not in last.headers["Link"]


def test_orders_come_oldest_first_unless_asked_otherwise(sandbox: SandboxClient, caller: Caller) -> None:
    young, old = (
        sandbox.seed_orders(1, created_ago=1)[0],
        sandbox.seed_orders(1, created_ago=900)[0],
    )

    def listed(**query: str) -> list[str]:
        return [order["order_id"] for order in caller.mirakl("GET", "/orders", query=query).json["orders"]]

    assert listed() == [old, young]
    assert listed(sort="dateCreated", order="desc") == [young, old]


def test_states_and_ids_are_comma_separated(sandbox: SandboxClient, caller: Caller) -> None:
    waiting, shipped, closed = sandbox.seed_orders(3)
    sandbox.ship(shipped)
    sandbox.close_order(closed)

    def listed(**query: str) -> set[str]:
        return {order["order_id"] for order in caller.mirakl("GET", "/orders", query=query).json["orders"]}

    assert listed(order_state_codes="WAITING_ACCEPTANCE,CLOSED") == {waiting, closed}
    assert listed(order_ids=f"{waiting},{shipped},of-another-shop") == {waiting, shipped}


def test_more_than_a_hundred_ids_are_refused(caller: Caller) -> None:
    reply = caller.mirakl("GET", "/orders", query={"order_ids": ",".join(str(each) for each in range(101))})
    assert reply.status == 400
    assert reply.json["message"] == "The limit of 100 is exceeded for the parameter : order_ids"


@pytest.mark.parametrize(
    "query",
    [
        {"order_state_codes": "SENT"},
        {"order_tax_mode": "NET"},
        {"sort": "price"},
        {"order": "up"},
        {"start_date": "yesterday"},
        {"start_date": "2026-01-01T00:00:00"},
        {"max": "many"},
        {"max": "0"},
    ],
)
def test_a_parameter_that_mirakl_does_not_know_is_refused(caller: Caller, query: dict[str, str]) -> None:
    assert caller.mirakl("GET", "/orders", query=query).status == 400


def test_an_update_filter_looks_a_little_further_back_than_asked(start: Start) -> None:
    running, caller = start(scale=1.0, ceilings=False)
    running.client.seed_orders(1, created_ago=30)
    running.client.seed_orders(1, created_ago=300)
    since = timestamp(datetime.now(UTC) - timedelta(seconds=5))
    assert caller.mirakl("GET", "/orders", query={"start_update_date": since}).json["total_count"] == 1
    assert caller.mirakl("GET", "/orders", query={"start_date": since}).json["total_count"] == 0
    assert caller.mirakl("GET", "/orders", query={"end_update_date": since}).json["total_count"] == 2
    assert caller.mirakl("GET", "/orders", query={"end_date": since}).json["total_count"] == 2


def test_the_other_tax_mode_adds_or_takes_off_the_taxes(sandbox: SandboxClient, caller: Caller) -> None:
    line = {
        "sku": "A",
        "quantity": 2,
        "unit_price": "12.00",
        "shipping_price": "6.00",
        "taxes": [{"code": "VAT", "amount": "4.00", "rate": "20"}],
        "shipping_taxes": [{"code": "VAT", "amount": "1.00"}],
        "promotions": [{"id": "TEN", "deduced_amount": "5.00"}],
    }
    included = sandbox.seed_order(lines=[line], state="SHIPPED")
    sandbox.refund_externally(f"{included}-1", amount="12.00", shipping_amount="6.00")
    net = caller.order(included, order_tax_mode="TAX_EXCLUDED")["order_lines"][0]
    assert (net["price"], net["price_unit"], net["shipping_price"]) == (
        Decimal("20.00"),
        Decimal("10.00"),
        Decimal("5.00"),
    )
    assert (net["refunds"][0]["amount"], net["refunds"][0]["shipping_amount"]) == (Decimal("10.00"), Decimal("5.00"))
    gross = caller.order(included)["order_lines"][0]
    assert gross["price"] == Decimal("24.00")
    assert gross["origin_unit_price"] == Decimal("14.50")

    excluded = sandbox.seed_order(lines=[line], tax_mode="TAX_EXCLUDED")
    assert caller.order(excluded, order_tax_mode="TAX_INCLUDED")["order_lines"][0]["price"] == Decimal("28.00")


def test_amounts_are_printed_with_the_currency_s_own_decimals(start: Start) -> None:
    running, caller = start(currency="JPY", platform_currency="JPY")
    running.client.seed_order(lines=[{"sku": "A", "unit_price": "2500"}])
    assert b'"price": 2500,' in caller.mirakl("GET", "/orders").body
    with_pence, pounds = start()
    with_pence.client.seed_order(lines=[{"sku": "A", "unit_price": "25"}])
    assert b'"price": 25.00,' in pounds.mirakl("GET", "/orders").body


def test_addresses_are_null_before_acceptance_unless_the_platform_shows_them(start: Start) -> None:
    hidden, caller = start()
    order_id = hidden.client.seed_orders(1)[0]
    assert caller.order(order_id)["customer"]["shipping_address"] is None
    hidden.client.ship(order_id)
    assert caller.order(order_id)["customer"]["shipping_address"]["lastname"].startswith("ZZCANARY")
    shown, other = start(addresses_before_acceptance=True)
    assert other.order(shown.client.seed_orders(1)[0])["customer"]["billing_address"] is not None


def test_canceled_units_lower_the_price_and_perhaps_the_quantity(sandbox: SandboxClient, caller: Caller) -> None:
    kept, lowered = (
        sandbox.seed_order(lines=[{"sku": "A", "quantity": 3, "unit_price": "10.00", "shipping_price": "3.00"}])
        for _ in range(2)
    )
    sandbox.cancel_units(f"{kept}-1", 1)
    sandbox.cancel_units(f"{lowered}-1", 1, shows_reduced_quantity=True, shipping_amount="1.00")
    line = caller.order(kept)["order_lines"][0]
    assert (line["quantity"], line["price"], line["cancelations"][0]["amount"]) == (3, Decimal("20.00"), 10)
    line = caller.order(lowered)["order_lines"][0]
    assert (line["quantity"], line["price"], line["shipping_price"]) == (2, Decimal("20.00"), Decimal("2.00"))
    seeded = sandbox.seed_order(
        lines=[{"sku": "A", "quantity": 3, "unit_price": "10.00", "cancelations": [{"quantity": 2, "amount": "20"}]}]
    )
    assert caller.order(seeded)["order_lines"][0]["price"] == Decimal("10.00")


def test_a_sparse_dialect_leaves_out_and_a_verbose_one_adds(start: Start) -> None:
    sparse, caller = start(dialect="sparse")
    order_id = sparse.client.seed_orders(1, state="SHIPPED")[0]
    sparse.client.refund_externally(f"{order_id}-1", amount="1.00")
    order = caller.order(order_id)
    assert "paymentType" not in order
    assert order["order_lines"][0]["refunds"][0]["quantity"] is None
    verbose, other = start(dialect="verbose")
    assert "sandbox_unknown_field" in other.order(verbose.client.seed_orders(1)[0])


def test_an_order_cannot_be_placed_twice_nor_put_into_a_state_there_is_not(sandbox: SandboxClient) -> None:
    order_id = sandbox.seed_order(order_id="X-1", lines=[{"sku": "A"}])
    with pytest.raises(Exception, match=r"exists already"):
        sandbox.seed_order(order_id="X-1", lines=[{"sku": "A"}])
    with pytest.raises(Exception, match=r"is not a state"):
        sandbox.set_order_state(order_id, "SENT")
