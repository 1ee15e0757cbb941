"""TL02, SBC11 and IV01."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integration.sandbox import SandboxClient
from integration.sandbox.wire import timestamp
from tests.unit.sandbox.caller import Caller

TL02 = "/sellerpayment/transactions_logs"
LINE = {
    "sku": "A",
    "quantity": 2,
    "unit_price": "12.00",
    "shipping_price": "3.00",
    "taxes": [{"code": "VAT", "amount": "4.00"}],
    "fees": [{"code": "GIFT", "amount": "2.00"}],
}


@pytest.fixture
def refund_id(sandbox: SandboxClient, caller: Caller) -> str:
    """Half of a received line, refunded; another order is still under way."""
    sandbox.seed_order(order_id="O", state="RECEIVED", lines=[LINE])
    sandbox.seed_order(order_id="P", state="SHIPPED", lines=[LINE])
    fee = [{"code": "GIFT", "amount": "1.00"}]
    refund: str = caller.refund("O-1", "12.00", shipping_amount="1.50", fees=fee).json["refunds"][0]["refund_id"]
    return refund


def lines(caller: Caller, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = caller.mirakl("GET", TL02, query={"limit": 2000, **query}).json["data"]
    return found


def by_type(entries: list[dict[str, Any]]) -> dict[str, Decimal]:
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        totals[entry["type"]] += entry["amount"]
    return dict(totals)


def test_a_refund_leaves_lines_that_name_it_and_sum_to_what_was_given_back(caller: Caller, refund_id: str) -> None:
    entries = [entry for entry in lines(caller) if entry["entities"].get("refund") == {"id": refund_id}]
    assert by_type(entries) == {
        "REFUND_ORDER_AMOUNT": Decimal("-10.00"),
        "REFUND_ORDER_AMOUNT_TAX": Decimal("-2.00"),
        "REFUND_ORDER_SHIPPING_AMOUNT": Decimal("-1.50"),
        "REFUND_ORDER_FEE_AMOUNT": Decimal("-1.00"),
        "REFUND_COMMISSION_FEE": Decimal("2.70"),
        "REFUND_COMMISSION_VAT": Decimal("0.54"),
    }
    assert {entry["payment_state"] for entry in entries} == {"PAYABLE"}
    fee = next(entry for entry in entries if entry["type"] == "REFUND_ORDER_FEE_AMOUNT")
    assert fee["entities"]["fee"] == {"code": "GIFT", "refunds": [{"id": refund_id}]}
    assert (fee["amount_credited"], fee["amount_debited"]) == (0, Decimal("1.00"))


def test_both_tax_modes_post_the_same_lines(sandbox: SandboxClient, caller: Caller) -> None:
    net = {**LINE, "unit_price": "10.00"}
    sandbox.seed_order(order_id="IN", state="SHIPPED", lines=[LINE])
    sandbox.seed_order(order_id="EX", state="SHIPPED", tax_mode="TAX_EXCLUDED", lines=[net])
    included, excluded = (by_type(lines(caller, order_id=order_id)) for order_id in ("IN", "EX"))
    for kind in ("ORDER_AMOUNT", "ORDER_AMOUNT_TAX", "ORDER_SHIPPING_AMOUNT", "ORDER_FEE_AMOUNT"):
        assert included[kind] == excluded[kind]


def test_lines_come_newest_first_unless_sorted(caller: Caller, refund_id: str) -> None:
    assert lines(caller)[0]["date_created"] >= lines(caller)[-1]["date_created"]
    oldest = lines(caller, sort="lastUpdated,ASC")
    assert oldest[0]["last_updated"] <= oldest[-1]["last_updated"]
    assert caller.mirakl("GET", TL02, query={"sort": "amount"}).status == 400


def test_a_line_moves_from_pending_to_payable_to_paid_and_is_updated_each_time(
    sandbox: SandboxClient, caller: Caller, refund_id: str
) -> None:
    assert {entry["payment_state"] for entry in lines(caller, order_id="P")} == {"PENDING"}
    sandbox.receive("P")
    assert {entry["payment_state"] for entry in lines(caller, order_id="P")} == {"PAYABLE"}
    before = max(entry["last_updated"] for entry in lines(caller))
    cycle_id = sandbox.close_billing_cycle()
    changed = lines(caller, last_updated_from=before, seller_billing_cycle_id=cycle_id)
    assert len(changed) == len(lines(caller))
    assert {entry["payment_state"] for entry in changed} == {"PAID"}
    assert {entry["accounting_document_number"] for entry in changed} == {"000000000001"}
    later = timestamp(datetime.now(UTC) + timedelta(hours=1))
    assert lines(caller, last_updated_from=later) == []


def test_a_cycle_settles_what_is_payable_and_pays_it_out(
    sandbox: SandboxClient, caller: Caller, refund_id: str
) -> None:
    payable = sum(entry["amount"] for entry in lines(caller, payment_state="PAYABLE"))
    cycle_id = sandbox.close_billing_cycle(reference="BANK-1")
    cycle = caller.mirakl("GET", "/seller-billing-cycles", query={"id": cycle_id}).json["data"][0]
    assert cycle["amount_transferred_to_seller"] == payable
    assert (cycle["pay_out"]["state"], cycle["pay_out"]["reference"]) == ("PAID", "BANK-1")
    assert cycle["summary"]["total_refund_orders_excl_tax"] == Decimal("-11.50")
    assert cycle["summary"]["total_refund_orders_incl_tax"] == Decimal("-13.50")
    assert cycle["summary"]["total_refund_commissions_incl_tax"] == Decimal("3.24")
    payment = lines(caller, transaction_type="PAYMENT")
    assert [entry["amount"] for entry in payment] == [-payable]
    document = caller.mirakl("GET", "/invoices", query={"type": "ALL"}).json["invoices"][0]
    assert (document["seller_billing_cycle_id"], document["summary"]["amount_transferred"]) == (cycle_id, payable)


def test_an_unpaid_cycle_has_no_reference(sandbox: SandboxClient, caller: Caller, refund_id: str) -> None:
    sandbox.close_billing_cycle(payout_state="TO_PAY")
    open_cycles = {"pay_out_state": "TO_PAY"}
    cycle = caller.mirakl("GET", "/seller-billing-cycles", query=open_cycles).json["data"][0]
    assert cycle["pay_out"] == {"state": "TO_PAY"}
    assert caller.mirakl("GET", "/invoices").json["invoices"][0]["payment"] == {"state": "PENDING"}


def test_cycles_and_documents_are_filtered_by_their_day(sandbox: SandboxClient, caller: Caller) -> None:
    sandbox.close_billing_cycle()
    past = timestamp(datetime.now(UTC) - timedelta(hours=1))
    coming = timestamp(datetime.now(UTC) + timedelta(hours=1))
    for path, root in (("/seller-billing-cycles", "data"), ("/invoices", "invoices")):
        for query, found in (
            ({"start_date": past, "end_date": coming}, 1),
            ({"start_date": coming}, 0),
            ({"end_date": past}, 0),
        ):
            assert len(caller.mirakl("GET", path, query=query).json[root]) == found
    assert caller.mirakl("GET", "/invoices", query={"type": "MANUAL_CREDIT"}).json["total_count"] == 0
    assert caller.mirakl("GET", "/invoices", query={"type": "BILL"}).status == 400


def test_the_operator_s_mistakes_can_be_made(sandbox: SandboxClient, caller: Caller, refund_id: str) -> None:
    sandbox.alter_transaction(refund_id, "REFUND_COMMISSION_FEE", by="-0.70")
    altered = by_type(lines(caller, transaction_type="REFUND_COMMISSION_FEE"))
    assert altered == {"REFUND_COMMISSION_FEE": Decimal("2.00")}
    sandbox.erase_refund(refund_id)
    assert lines(caller, transaction_type="REFUND_COMMISSION_FEE") == []
    assert caller.order("O")["order_lines"][0]["refunds"] == []
    with pytest.raises(Exception, match=r"no refund"):
        sandbox.erase_refund(refund_id)
    with pytest.raises(Exception, match=r"no transaction"):
        sandbox.alter_transaction(refund_id, "PAYMENT", by="1.00")
