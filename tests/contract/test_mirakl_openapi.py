"""The sandbox's answers, and our own requests, against Mirakl's published OpenAPI description."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from integration.domain.refunds import Asked, CodeAmount
from integration.http import Transport
from integration.mirakl.client import LineCompliance, Mirakl, ReturnCompliance
from integration.sandbox import SandboxClient, SandboxOptions, start_sandbox
from integration.sandbox.calls import Operation
from integration.sandbox.mirakl.operations import OPERATIONS
from integration.sandbox.wire import decode
from tests.contract.schemas import BESIDE_THE_CHECKOUT, Description, described
from tests.unit.sandbox.caller import Caller, Reply

DESCRIPTION = described(os.environ.get("MIRAKL_OPENAPI"), BESIDE_THE_CHECKOUT)

LINE = {
    "sku": "A",
    "quantity": 2,
    "unit_price": "12.00",
    "shipping_price": "3.00",
    "taxes": [{"code": "VAT", "amount": "4.00", "rate": "20", "rule": "NONE"}],
    "shipping_taxes": [{"code": "VAT", "amount": "0.50", "rule": "NONE"}],
    "fees": [{"code": "GIFT", "amount": "2.00"}],
    "promotions": [{"id": "TEN", "deduced_amount": "2.00"}],
    "cancelations": [{"quantity": 1, "amount": "12.00"}],
}
REFUNDED: dict[str, Any] = {
    "taxes": [{"code": "VAT", "amount": "1.00"}],
    "shipping_taxes": [{"code": "VAT", "amount": "0.10"}],
    "fees": [{"code": "GIFT", "amount": "1.00"}],
}
# A21 is not in the seller description any more; V01 answers with a status alone.
DESCRIBED = [operation for operation in OPERATIONS if operation.code not in ("A21", "V01")]


@dataclass(frozen=True)
class Exchange:
    operation: Operation
    reply: Reply


class Recorder(Caller):
    """A caller that keeps every answer with the operation it belongs to."""

    exchanges: list[Exchange]

    def call(self, verb: str, path: str, *rest: Any, **details: Any) -> Reply:
        reply = super().call(verb, path, *rest, **details)
        operation = next(
            each for each in OPERATIONS if each.verb == verb and re.fullmatch(each.pattern, path) is not None
        )
        self.exchanges.append(Exchange(operation, reply))
        return reply


@pytest.fixture(scope="module")
def description() -> Description:
    return Description(DESCRIPTION)


@pytest.fixture(scope="module")
def exchanges() -> Iterator[list[Exchange]]:
    options = SandboxOptions(scale=0.0)
    with start_sandbox(options) as running:
        caller = Recorder(running, options)
        caller.exchanges = []
        _live_through_everything(running.client, caller)
        yield caller.exchanges


def _live_through_everything(sandbox: SandboxClient, caller: Caller) -> None:
    """One call of every operation at least, with every optional part of its answer filled in."""
    sandbox.seed_order(order_id="W", lines=[LINE])
    caller.mirakl("GET", "/orders")
    caller.accept("W", {"W-1": True})
    sandbox.seed_order(order_id="O", state="SHIPPED", lines=[LINE])
    caller.refund("O-1", "6.00", shipping_amount="1.00", **REFUNDED)
    sandbox.receive("O")
    sandbox.close_billing_cycle()
    sandbox.close_billing_cycle(payout_state="TO_PAY")
    sandbox.seed_offers({"A": 1})
    sandbox.seed_offers({"NEW": 1}, live=False)
    accepted = sandbox.open_return("O", [{"order_line_id": "O-1", "quantity": 1, "reason_code": "RETURN_OTHER"}])
    canceled = sandbox.open_return("O", [{"order_line_id": "O-1", "quantity": 1, "reason_code": "RETURN_OTHER"}])
    compliance = {
        "order_line_id": "O-1",
        "compliant": False,
        "non_compliance_reason_code": "RETURN_NON_COMPLIANT_OTHER",
    }
    for step, entry in (
        ("accept", {"id": accepted, "accepted": True}),
        ("receive", {"id": accepted}),
        ("compliance", {"id": accepted, "return_lines": [compliance]}),
        ("close", {"id": accepted}),
        ("cancel", {"id": canceled}),
        ("close", {"id": canceled}),
    ):
        caller.mirakl("PUT", f"/returns/{step}", {"returns": [entry]})
    stock = '"offer-sku";"quantity";"warehouse-code";"update-delete"\n"A";"2";"";""\n"GONE";"1";"";""\n'
    import_id = caller.import_stock(stock).json["import_id"]
    caller.mirakl("GET", f"/offers/stock/imports/{import_id}/status")
    caller.mirakl("GET", f"/offers/stock/imports/{import_id}/error_report")
    for path in (
        *("/orders", "/orders/taxes", "/returns", "/offers", "/reasons", "/account", "/platform/configuration"),
        *("/seller-billing-cycles", "/invoices"),
    ):
        caller.mirakl("GET", path)
    caller.mirakl("GET", "/sellerpayment/transactions_logs", query={"limit": 2})
    caller.mirakl("GET", "/sellerpayment/transactions_logs", query={"limit": 2000})


@pytest.mark.parametrize("operation", DESCRIBED, ids=lambda operation: operation.code)
def test_every_answer_of_the_sandbox_is_one_that_mirakl_describes(
    operation: Operation, exchanges: list[Exchange], description: Description
) -> None:
    path = operation.path
    answers = [each.reply for each in exchanges if each.operation is operation]
    assert answers
    for answer in answers:
        assert answer.status in (200, 201, 204)
        if description.answers_with_json(operation.verb, path, answer.status):
            assert description.problems_of_answer(operation.verb, path, answer.status, answer.json) == []


@pytest.fixture(scope="module")
def our_writes() -> Iterator[list[dict[str, Any]]]:
    """Every write that our own client sent to Mirakl, as the sandbox received it."""
    options = SandboxOptions(scale=0.0)
    with start_sandbox(options) as running:
        transport = Transport(base_url=running.url, headers={"Authorization": options.mirakl_key})
        _write_everything(running.client, Mirakl(transport))
        yield [call for call in running.client.calls() if call["request"].startswith("PUT")]


def _write_everything(sandbox: SandboxClient, mirakl: Mirakl) -> None:
    sandbox.seed_order(order_id="W", lines=[LINE])
    mirakl.accept_order("W", {"W-1": True})
    vat = CodeAmount(code="VAT", amount=Decimal("1.00"))
    mirakl.refund(
        Asked(
            order_line_id="W-1",
            amount=Decimal("6.00"),
            shipping_amount=Decimal("1.50"),
            currency="GBP",
            quantity=1,
            reason_code="17",
            order_tax_mode="TAX_INCLUDED",
            taxes=(vat,),
            shipping_taxes=(),
            fees=(CodeAmount(code="GIFT", amount=Decimal("1.00")),),
        )
    )
    ids = [sandbox.open_return("W", [{"order_line_id": "W-1", "quantity": 1}]) for _ in range(2)]
    mirakl.accept_returns([(ids[0], True)])
    mirakl.receive_returns(ids[:1])
    line = LineCompliance("W-1", compliant=False, non_compliance_reason_code="RETURN_NON_COMPLIANT_OTHER")
    mirakl.assess_returns([ReturnCompliance(ids[0], (line,))])
    mirakl.close_returns(ids[:1])
    mirakl.cancel_returns(ids[1:])


@pytest.mark.parametrize("code", ["OR21", "OR28", "RT21", "RT25", "RT26", "RT27", "RT29"])
def test_every_write_of_ours_is_one_that_mirakl_describes_and_takes(
    code: str, our_writes: list[dict[str, Any]], description: Description
) -> None:
    operation = next(each for each in OPERATIONS if each.code == code)
    sent = [call for call in our_writes if call["operation"] == code]
    assert sent
    for call in sent:
        assert call["status"] in (200, 204)
        body = decode(call["body"].encode())
        assert description.problems_of_request(operation.verb, operation.path, body) == []
