"""OR28."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from integration.sandbox import SandboxClient
from tests.servers import wait_until
from tests.unit.sandbox.caller import Caller
from tests.unit.sandbox.conftest import Start

VAT_NONE = {"code": "VAT", "amount": "4.00", "rule": "NONE"}
VAT_PROPORTIONAL = {"code": "VAT", "amount": "4.00", "rule": "PROPORTIONAL_TO_AMOUNT"}


def shipped(sandbox: SandboxClient, order_id: str = "O", **facts: Any) -> str:
    line = {"sku": "A", "quantity": 2, "unit_price": "12.00", "shipping_price": "3.00", **facts.pop("line", {})}
    sandbox.seed_order(order_id=order_id, state="SHIPPED", lines=[line], **facts)
    return f"{order_id}-1"


def refunds(sandbox: SandboxClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.books()["refunds"].get("O-1", [])
    return found


def test_a_refund_shows_on_the_line_and_changes_nothing_else_of_it(sandbox: SandboxClient, caller: Caller) -> None:
    line_id = shipped(sandbox)
    before = caller.order("O")["order_lines"][0]
    reply = caller.refund(line_id, "12.00", shipping_amount="1.50")
    assert reply.status == 200
    answered = reply.json["refunds"][0]
    after = caller.order("O")["order_lines"][0]
    for unchanged in ("price", "quantity", "total_price", "total_commission", "price_unit"):
        assert after[unchanged] == before[unchanged]
    assert (before["can_refund"], after["can_refund"]) == (True, False)
    made = after["refunds"][0]
    assert (made["id"], made["order_refund_id"]) == (answered["refund_id"], answered["order_refund_id"])
    assert (made["amount"], made["shipping_amount"], made["quantity"]) == (Decimal("12.00"), Decimal("1.50"), 1)
    # 20 % of 13.50, and 20 % VAT on that.
    assert (made["commission_amount"], made["commission_total_amount"]) == (Decimal("2.70"), Decimal("3.24"))


def test_the_same_body_twice_is_two_refunds(sandbox: SandboxClient, caller: Caller) -> None:
    line_id = shipped(sandbox)
    first, second = (caller.refund(line_id, "12.00").json["refunds"][0]["refund_id"] for _ in range(2))
    assert first != second
    assert len(refunds(sandbox)) == 2


def test_a_fully_refunded_line_says_so_and_takes_no_more(sandbox: SandboxClient, caller: Caller) -> None:
    line_id = shipped(sandbox)
    caller.refund(line_id, "24.00", shipping_amount="3.00")
    order = caller.order("O")
    assert (order["fully_refunded"], order["order_lines"][0]["order_line_state"]) == (True, "REFUNDED")
    assert order["order_state"] == "SHIPPED"
    assert caller.refund(line_id, "0.01").status == 400
    sandbox.receive("O")
    assert caller.order("O")["order_lines"][0]["order_line_state"] == "REFUNDED"


def test_a_refund_is_paid_in_its_own_time(start: Start) -> None:
    running, caller = start(scale=1.0, refund_delay=0.15, ceilings=False)
    caller.refund(shipped(running.client), "12.00")
    met: set[str] = set()

    def paid() -> bool:
        met.add(caller.order("O")["order_lines"][0]["refunds"][0]["refund_state"])
        return "REFUNDED" in met

    wait_until(paid)
    assert met == {"WAITING_REFUND", "WAITING_REFUND_PAYMENT", "REFUNDED"}
    assert caller.order("O")["order_lines"][0]["refunds"][0]["transaction_number"]


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": "24.01"},
        {"amount": "12.00", "shipping_amount": "3.01"},
        {"amount": "-1.00"},
        {"amount": "1.001"},
        {"amount": "much"},
        {"amount": True},
        {"amount": {}},
        {"amount": "0"},
        {"amount": "NaN"},
        {"amount": None},
        {"shipping_amount": None},
        {"quantity": "two"},
        {"currency_iso_code": "EUR"},
        {"reason_code": "14"},
        {"reason_code": "34"},
        {"reason_code": "RETURN_CHANGED_MIND"},
        {"reason_code": None},
        {"taxes": [{"code": "VAT", "amount": "1.00"}]},
        {"fees": [{"code": "GIFT", "amount": "1.00"}]},
        {"fees": ["GIFT"]},
    ],
)
def test_what_may_not_be_refunded_is_refused_whole(
    sandbox: SandboxClient, caller: Caller, fields: dict[str, Any]
) -> None:
    line_id = shipped(sandbox)
    reply = caller.refund(line_id, fields.pop("amount", "12.00"), **fields)
    assert (reply.status, reply.json["status"]) == (400, 400)
    assert refunds(sandbox) == []


@pytest.mark.parametrize(
    "state",
    [
        "STAGING",
        "WAITING_ACCEPTANCE",
        "WAITING_DEBIT",
        "WAITING_DEBIT_PAYMENT",
        "CLOSED",
        "REFUSED",
        "CANCELED",
    ],
)
def test_an_order_that_is_not_debited_or_over_takes_no_refund(
    sandbox: SandboxClient, caller: Caller, state: str
) -> None:
    sandbox.seed_order(order_id="O", state=state, lines=[{"sku": "A"}])
    assert caller.refund("O-1", "1.00").status == 400


def test_an_order_shipped_before_it_is_paid_takes_no_refund(sandbox: SandboxClient, caller: Caller) -> None:
    assert caller.refund(shipped(sandbox, debited=False), "1.00").status == 400


def test_a_line_of_nobody_is_not_found(caller: Caller) -> None:
    assert caller.refund("of-another-shop", "1.00").status == 404


@pytest.mark.parametrize("body", [{}, {"refunds": []}, {"refunds": ["O-1"]}, {"refunds": [{}], "order_tax_mode": "X"}])
def test_a_malformed_body_is_refused(caller: Caller, body: dict[str, Any]) -> None:
    assert caller.mirakl("PUT", "/orders/refund", body).status == 400


def test_a_call_with_one_bad_line_refunds_none(sandbox: SandboxClient, caller: Caller) -> None:
    sandbox.seed_order(order_id="O", state="SHIPPED", lines=[{"sku": "A"}, {"sku": "B"}])
    entry = {"amount": "1.00", "shipping_amount": 0, "reason_code": "17", "currency_iso_code": "GBP"}

    def both(second: str, amount: str) -> int:
        entries = [{**entry, "order_line_id": "O-1"}, {**entry, "order_line_id": second, "amount": amount}]
        return caller.mirakl("PUT", "/orders/refund", {"refunds": entries}).status

    assert both("O-2", "99.00") == 400
    assert both("O-1", "1.00") == 400
    assert sandbox.books()["refunds"] == {}
    assert both("O-2", "1.00") == 200
    first, second = sandbox.books()["refunds"].values()
    assert first[0]["refund_id"] != second[0]["refund_id"]


def test_the_currency_may_be_left_out_only_where_it_is_the_platform_s(start: Start) -> None:
    domestic, caller = start()
    assert caller.refund(shipped(domestic.client), "1.00", currency_iso_code=None).status == 200
    foreign, other = start(currency="EUR")
    line_id = shipped(foreign.client)
    assert other.refund(line_id, "1.00", currency_iso_code=None).status == 400
    assert other.refund(line_id, "1.00", currency_iso_code="EUR").status == 200


def test_a_none_tax_is_refunded_as_given_and_forgotten_otherwise(sandbox: SandboxClient, caller: Caller) -> None:
    line_id = shipped(sandbox, line={"taxes": [VAT_NONE]})
    assert caller.refund(line_id, "12.00").json["refunds"][0]["taxes"] == []
    given = caller.refund(line_id, "6.00", taxes=[{"code": "VAT", "amount": "3.00"}]).json["refunds"][0]
    assert given["taxes"] == [{"code": "VAT", "amount": Decimal("3.00")}]
    assert caller.refund(line_id, "6.00", taxes=[{"code": "VAT", "amount": "1.01"}]).status == 400
    assert caller.refund(line_id, "0.50", taxes=[{"code": "VAT", "amount": "1.00"}]).status == 400


def test_a_proportional_tax_is_computed_and_must_not_be_given(sandbox: SandboxClient, caller: Caller) -> None:
    line_id = shipped(sandbox, line={"taxes": [VAT_PROPORTIONAL], "quantity": 3, "unit_price": "8.00"})
    assert caller.refund(line_id, "8.00", taxes=[{"code": "VAT", "amount": "1.33"}]).status == 400
    taxes = [caller.refund(line_id, "8.00").json["refunds"][0]["taxes"][0]["amount"] for _ in range(3)]
    assert taxes == [Decimal("1.33"), Decimal("1.33"), Decimal("1.34")]


def test_a_tax_without_a_rule_goes_by_the_platform_s(sandbox: SandboxClient, caller: Caller) -> None:
    ruled = {"code": "ECO", "amount": "2.00", "rule": "PROPORTIONAL_TO_AMOUNT"}
    shipped(sandbox, "RULED", line={"taxes": [ruled]})
    line_id = shipped(sandbox, line={"taxes": [{"code": "ECO", "amount": "2.00", "rule": None}]})
    assert "tax_calculation_rule" not in caller.order("O")["order_lines"][0]["taxes"][0]
    rules = caller.mirakl("GET", "/orders/taxes").json["taxes"]
    assert rules == [{"code": "ECO", "label": "ECO", "tax_calculation_rule": "PROPORTIONAL_TO_AMOUNT"}]
    assert caller.refund(line_id, "12.00").json["refunds"][0]["taxes"][0]["amount"] == Decimal("1.00")


@pytest.mark.parametrize(
    ("order_mode", "asked_mode", "amount", "own"),
    [
        # 24.00 with 4.00 of tax in it: half of the net 20.00 is half of the gross.
        ("TAX_INCLUDED", "TAX_EXCLUDED", "10.00", "12.00"),
        # 24.00 with 4.00 of tax on top: half of the gross 28.00 is half of the net.
        ("TAX_EXCLUDED", "TAX_INCLUDED", "14.00", "12.00"),
    ],
)
def test_an_amount_in_the_other_tax_mode_is_converted(
    sandbox: SandboxClient, caller: Caller, order_mode: str, asked_mode: str, amount: str, own: str
) -> None:
    line_id = shipped(sandbox, tax_mode=order_mode, line={"taxes": [VAT_PROPORTIONAL]})
    answered = caller.refund(line_id, amount, mode=asked_mode).json
    assert (answered["order_tax_mode"], answered["refunds"][0]["amount"]) == (asked_mode, Decimal(amount))
    assert refunds(sandbox)[0]["amount"] == Decimal(own)


def test_without_a_mode_the_platform_s_is_meant_not_the_order_s(sandbox: SandboxClient, caller: Caller) -> None:
    line_id = shipped(sandbox, tax_mode="TAX_EXCLUDED", line={"taxes": [VAT_PROPORTIONAL]})
    assert caller.refund(line_id, "14.00", mode=None).json["order_tax_mode"] == "TAX_INCLUDED"
    assert refunds(sandbox)[0]["amount"] == Decimal("12.00")
    sandbox.set_configuration({"features": {"order_tax_mode": "TAX_EXCLUDED"}})
    assert caller.refund(line_id, "6.00", mode=None).json["order_tax_mode"] == "TAX_EXCLUDED"


def test_shipping_taxes_and_fees_have_caps_of_their_own(sandbox: SandboxClient, caller: Caller) -> None:
    line_id = shipped(
        sandbox,
        line={
            "shipping_taxes": [{"code": "VAT", "amount": "0.50", "rule": "NONE"}],
            "fees": [{"code": "GIFT", "amount": "2.00"}],
        },
    )
    tax = [{"code": "VAT", "amount": "0.30"}]
    fee = [{"code": "GIFT", "amount": "1.50"}]
    made = caller.refund(line_id, "1.00", shipping_amount="1.00", shipping_taxes=tax, fees=fee)
    assert made.json["refunds"][0]["fees"] == [{"amount": Decimal("1.50"), "code": "GIFT"}]
    assert caller.refund(line_id, "1.00", shipping_amount="1.00", shipping_taxes=tax).status == 400
    assert caller.refund(line_id, "1.00", fees=fee).status == 400
    assert caller.refund(line_id, "0", fees=[{"code": "GIFT", "amount": "0.50"}]).status == 200


def test_the_balance_asked_depends_on_the_state_of_the_order(sandbox: SandboxClient, caller: Caller) -> None:
    line_id = shipped(sandbox)
    sandbox.set_balance(pending="0.00")
    refused = caller.refund(line_id, "12.00")
    assert refused.status == 400
    assert refused.json["message"] == "The shop does not have a sufficient payable balance for the refund"
    sandbox.receive("O")
    assert caller.refund(line_id, "12.00").status == 200
    # 12.00 less 20 % commission and the 20 % VAT on it.
    assert caller.mirakl("GET", "/account").json["payment_details"]["payable_balance"] == Decimal("999990.88")
    sandbox.set_balance(payable="1.00")
    assert caller.refund(line_id, "12.00").status == 400


def test_a_refund_by_the_operator_stands_beside_ours(sandbox: SandboxClient, caller: Caller) -> None:
    line_id = shipped(sandbox)
    foreign = sandbox.refund_externally(line_id, amount="12.00")
    caller.refund(line_id, "12.00")
    assert [(each["refund_id"] == foreign, each["origin"]) for each in refunds(sandbox)] == [
        (True, "operator"),
        (False, "api"),
    ]
    with pytest.raises(Exception, match=r"larger than what is left"):
        sandbox.refund_externally(line_id, amount="0.01")
