"""The transaction log, billing cycles, accounting documents, and the shop itself."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import responses

from integration.mirakl.client import Mirakl
from integration.mirakl.operations import A01, A21, IV01, SBC11, TL02
from integration.mirakl.wire import Configuration
from tests.unit.mirakl.network import URL, CountingGate, query

SINCE = datetime(2026, 1, 2, tzinfo=UTC)
LINE = """{"data": [{"id": "T1", "type": "REFUND_ORDER_AMOUNT", "amount": -25.00, "currency_iso_code": "GBP",
  "entities": {"refund": {"id": 1130}, "order": {"id": "A", "commercial_id": "C"}, "order_line": {"id": "A-1"}}}],
  "next_page_token": "%s"}"""


def test_every_page_of_the_transaction_log_counts(
    network: responses.RequestsMock, mirakl: Mirakl, gate: CountingGate
) -> None:
    network.get(f"{URL}/api/sellerpayment/transactions_logs", body=LINE % "t2")
    network.get(f"{URL}/api/sellerpayment/transactions_logs", json={"data": [{"id": "T2", "entities": None}]})
    ((first,), _), ((second,), _) = mirakl.transaction_lines(SINCE)
    assert (first.refund_id, first.order_id, first.order_line_id) == ("1130", "A", "A-1")
    assert str(first.amount) == "-25.00"
    assert second.refund_id is None
    asked = {"last_updated_from": "2026-01-02T00:00:00Z", "sort": "lastUpdated,ASC", "limit": "2000"}
    assert query(network, 0) == {"shop_id": "7", **asked}
    assert gate.counted == [TL02, TL02]


def test_billing_cycles_carry_their_payouts_and_count_once(
    network: responses.RequestsMock, mirakl: Mirakl, gate: CountingGate
) -> None:
    paid = {"state": "PAID", "reference": "bank-ref", "transaction_date": "2026-01-11T00:00:00Z"}
    cycles = [{"id": "C1", "pay_out": paid}, {"id": "C2", "pay_out": None}]
    network.get(f"{URL}/api/seller-billing-cycles", json={"data": cycles[:1], "next_page_token": "t2"})
    network.get(f"{URL}/api/seller-billing-cycles", json={"data": cycles[1:]})
    (first, second), _ = mirakl.billing_cycles(SINCE)
    assert (first.payout_state, first.payout_reference) == ("PAID", "bank-ref")
    assert first.payout_date == datetime(2026, 1, 11, tzinfo=UTC)
    assert second.payout_state is None
    assert gate.counted == [SBC11]


def test_accounting_documents_of_every_type_are_read(
    network: responses.RequestsMock, mirakl: Mirakl, gate: CountingGate
) -> None:
    documents = [{"invoice_id": number, "total_amount_incl_taxes": 12.5} for number in range(101)]
    network.get(f"{URL}/api/invoices", json={"invoices": documents[:100]})
    network.get(f"{URL}/api/invoices", json={"invoices": documents[100:]})
    found = mirakl.invoices(SINCE).items
    assert (len(found), found[100].invoice_id, found[0].total_amount_incl_taxes) == (101, "100", Decimal("12.5"))
    assert query(network)["type"] == "ALL"
    assert query(network)["offset"] == "100"
    assert gate.counted == [IV01]


def test_reasons_are_read_with_what_the_shop_may_use(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    reasons = [
        {"code": "17", "type": "REFUND", "is_shop_right": True, "label": "Item returned"},
        {"code": 14, "type": None, "is_shop_right": None},
    ]
    network.get(f"{URL}/api/reasons", json={"reasons": reasons})
    read = [(reason.code, reason.type, reason.is_shop_right) for reason in mirakl.reasons()]
    assert read == [("17", "REFUND", True), ("14", "", False)]


def test_the_shop_and_how_the_operator_sees_it(
    network: responses.RequestsMock, mirakl: Mirakl, gate: CountingGate
) -> None:
    account = {"shop_id": 2000, "currency_iso_code": "GBP", "payment_details": {"payable_balance": -259.2}}
    network.get(f"{URL}/api/account", json=account)
    rates = {"auto_refused_rate": [{"period": "LAST_MONTH", "value": 0.01}]}
    network.get(f"{URL}/api/account/statistics", json=rates)
    assert (mirakl.account().shop_id, mirakl.account().payable_balance) == ("2000", Decimal("-259.2"))
    assert mirakl.shop_statistics().auto_refused_rate[0].value == Decimal("0.01")
    assert gate.counted == [A01, A01, A21]


def test_what_the_operator_has_switched_on(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    features = {
        "order_tax_mode": "TAX_EXCLUDED",
        "order_workflows": {"order_acceptance": "NOT_AUTOMATIC"},
        "returns": None,
    }
    network.get(f"{URL}/api/platform/configuration", json={"features": features})
    expected = Configuration(order_tax_mode="TAX_EXCLUDED", order_acceptance="NOT_AUTOMATIC")
    assert mirakl.configuration() == expected
