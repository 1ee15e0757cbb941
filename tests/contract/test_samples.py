"""Mirakl's own sample payloads, from its published OpenAPI description, pass through our models."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from integration.answers import Reply, decode, encode
from integration.http import Operation
from integration.mirakl import operations
from integration.mirakl.wire import (
    Account,
    BillingCycle,
    Configuration,
    Invoice,
    Offer,
    Order,
    Return,
    Shopper,
    StockImport,
    TransactionLine,
)
from integration.mirakl.wire.accounting import InvoicesPage, SeekPage
from integration.mirakl.wire.offers import ImportAccepted, OffersPage
from integration.mirakl.wire.orders import OrdersPage
from integration.mirakl.wire.platform import ReasonsAnswer, TaxesAnswer
from integration.mirakl.wire.refunds import RefundsAnswer
from integration.mirakl.wire.returns import ReturnsAnswer
from integration.wire import Wire
from tests.contract.schemas import BESIDE_THE_CHECKOUT, described

DESCRIPTION = described(os.environ.get("MIRAKL_OPENAPI"), BESIDE_THE_CHECKOUT)


@pytest.fixture(scope="module")
def description() -> Any:
    return decode(DESCRIPTION.read_bytes())


def samples(description: Any, operation: Operation) -> list[Any]:
    """The documented answers of an operation, those with business values first."""
    described = description["paths"][operation.path][operation.verb.lower()]
    success = next(answer for status, answer in described["responses"].items() if status.startswith("2"))
    examples = success["content"]["application/json"]["examples"]
    return [example["value"] for _, example in sorted(examples.items())]


def read(description: Any, operation: Operation, model: type[Wire]) -> Iterator[Any]:
    for sample in samples(description, operation):
        yield Reply(operation, 200, {}, encode(sample)).read(model)


def test_every_operation_is_described_as_we_call_it(description: Any) -> None:
    ours = [row for row in vars(operations).values() if isinstance(row, Operation)]
    undescribed = {row.code for row in ours if row.verb.lower() not in description["paths"].get(row.path, {})}
    assert undescribed == {"A21"}  # which only Mirakl's documentation pages have
    for row in ours:
        if row.code not in undescribed:
            assert description["paths"][row.path][row.verb.lower()]["operationId"] == row.code


@pytest.mark.parametrize(
    ("operation", "page", "field", "item"),
    [
        (operations.OR11, OrdersPage, "orders", Order),
        (operations.OR11, OrdersPage, "orders", Shopper),
        (operations.OF21, OffersPage, "offers", Offer),
        (operations.RT11, SeekPage, "data", Return),
        (operations.TL02, SeekPage, "data", TransactionLine),
        (operations.SBC11, SeekPage, "data", BillingCycle),
        (operations.IV01, InvoicesPage, "invoices", Invoice),
    ],
)
def test_lists_fit(description: Any, operation: Operation, page: type[Wire], field: str, item: type[Wire]) -> None:
    for sample in read(description, operation, page):
        documents = getattr(sample, field)
        assert documents
        for document in documents:
            item.model_validate(document)


@pytest.mark.parametrize(
    ("operation", "model"),
    [
        (operations.OR28, RefundsAnswer),
        (operations.OR75, TaxesAnswer),
        (operations.RE01, ReasonsAnswer),
        (operations.RT21, ReturnsAnswer),
        (operations.RT25, ReturnsAnswer),
        (operations.RT26, ReturnsAnswer),
        (operations.RT27, ReturnsAnswer),
        (operations.RT29, ReturnsAnswer),
        (operations.STO01, ImportAccepted),
        (operations.STO02, StockImport),
        (operations.A01, Account),
        (operations.PC01, Configuration),
    ],
)
def test_answers_fit(description: Any, operation: Operation, model: type[Wire]) -> None:
    assert list(read(description, operation, model))


def test_an_order_keeps_every_figure_that_decisions_rest_on(description: Any) -> None:
    document = samples(description, operations.OR11)[0]["orders"][0]
    order = Order.model_validate(document).facts()
    line, told = order.lines[0], document["order_lines"][0]
    assert (order.order_id, order.state, order.currency) == ("Order_00010-A", document["order_state"], "USD")
    assert (line.quantity, line.price, line.price_unit) == (told["quantity"], Decimal(165), Decimal(55))
    assert [tax.amount for tax in line.taxes] == [tax["amount"] for tax in told["taxes"]]
    assert line.cancelations[0].amount == Decimal("12.34")
    refund = line.refunds[0]
    assert (refund.id, refund.amount) == (told["refunds"][0]["id"], told["refunds"][0]["amount"])
    assert refund.state == told["refunds"][0]["state"]
    assert refund.commission_total_amount == told["refunds"][0]["commission_total_amount"]


def test_an_order_carries_no_personal_data(description: Any) -> None:
    for document in samples(description, operations.OR11)[0]["orders"]:
        shown = repr(Order.model_validate(document)) + repr(Shopper.model_validate(document))
        customer = document["customer"]
        for name in (customer["lastname"], customer["shipping_address"]["street_1"]):
            assert name not in shown


def test_the_sample_of_a_refund_is_one_we_could_have_asked_for(description: Any) -> None:
    (done,) = next(read(description, operations.OR28, RefundsAnswer)).refunds
    answered = done.facts()
    assert (answered.refund_id, answered.order_line_id, answered.currency) == ("1130", "Order_00010-A-1", "USD")
    assert (answered.amount, answered.shipping_amount) == (Decimal("1.5"), Decimal(2))
    assert [(part.code, part.amount) for part in answered.fees] == [
        ("CARD_FEE", Decimal("0.5")),
        ("EU_DRS", Decimal("0.25")),
    ]


def test_the_sample_return_without_line_reasons_has_the_returns_own(description: Any) -> None:
    found = Return.model_validate(samples(description, operations.RT11)[0]["data"][0])
    assert [found.reason_of(line) for line in found.return_lines] == ["RETURN_CHANGED_MIND"] * 2
    assert [bool(line.compliance) for line in found.return_lines] == [True, False]


def test_a_paid_cycle_names_its_payout(description: Any) -> None:
    document = samples(description, operations.SBC11)[0]["data"][0]
    cycle = BillingCycle.model_validate(document)
    assert (cycle.payout_state, cycle.payout_reference) == ("PAID", "bank-ref")
    assert cycle.amount_transferred_to_seller == Decimal("4545.2")


def test_the_configuration_says_how_orders_are_accepted(description: Any) -> None:
    configuration = next(read(description, operations.PC01, Configuration))
    assert (configuration.order_tax_mode, configuration.order_acceptance) == ("TAX_EXCLUDED", "NOT_AUTOMATIC")
    assert configuration.returns is None


def test_an_order_whose_every_optional_field_is_missing_or_null_fits(description: Any) -> None:
    document = samples(description, operations.OR11)[0]["orders"][0]
    bare = dict.fromkeys(document) | {"order_id": "A"}
    assert Order.model_validate(bare).facts() == Order(order_id="A").facts()
    line = dict.fromkeys(document["order_lines"][0]) | {"order_line_id": "A-1"}
    assert Order.model_validate({"order_id": "A", "order_lines": [line]}).facts().lines[0].price is None
