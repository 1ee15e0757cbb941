"""OR28, the one call that moves money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import responses

from integration.domain.refunds import Answered, Asked, CodeAmount
from integration.errors import OutcomeUnknown
from integration.mirakl.client import Mirakl
from tests.unit.mirakl.network import URL, body

REFUND = f"{URL}/api/orders/refund"


def asked(**changes: Any) -> Asked:
    facts: dict[str, Any] = {
        "order_line_id": "A-1",
        "amount": Decimal("16.67"),
        "shipping_amount": Decimal("0.00"),
        "currency": "GBP",
        "quantity": 1,
        "reason_code": "17",
        "order_tax_mode": "TAX_INCLUDED",
    }
    return Asked(**facts | changes)


DONE = {
    "refund_id": "1130",
    "order_refund_id": "f029dc92",
    "order_line_id": "A-1",
    "amount": 16.67,
    "shipping_amount": 0,
    "currency_iso_code": "GBP",
    "quantity": 1,
    "reason_code": "17",
}


def test_a_refund_names_one_line_with_exact_amounts(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    network.put(REFUND, json={"refunds": [DONE]})
    answered = mirakl.refund(asked())
    # A recorded request has a body.
    assert b'"amount": 16.67, "shipping_amount": 0.00' in network.calls[0].request.body  # type: ignore[operator]
    assert body(network) == {
        "order_tax_mode": "TAX_INCLUDED",
        "refunds": [
            {
                "order_line_id": "A-1",
                "amount": Decimal("16.67"),
                "shipping_amount": Decimal("0.00"),
                "currency_iso_code": "GBP",
                "quantity": 1,
                "reason_code": "17",
            }
        ],
    }
    assert answered == Answered(
        refund_id="1130",
        order_line_id="A-1",
        amount=Decimal("16.67"),
        shipping_amount=Decimal(0),
        currency="GBP",
        quantity=1,
        reason_code="17",
    )


def test_taxes_and_fees_go_with_the_refund_and_come_back(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    part = CodeAmount(code="VAT", amount=Decimal("2.20"))
    sent = {"code": "VAT", "amount": Decimal("2.20")}
    parts = {"taxes": [sent], "shipping_taxes": [sent], "fees": [sent]}
    network.put(REFUND, body='{"refunds": [{"refund_id": 1, "taxes": [{"code": "VAT", "amount": 2.20}]}]}')
    answered = mirakl.refund(asked(taxes=(part,), shipping_taxes=(part,), fees=(part,)))
    assert parts.items() <= body(network)["refunds"][0].items()
    assert answered.taxes == (part,)
    assert answered.amount is None


@pytest.mark.parametrize("refunds", [[], None, [DONE, DONE], [{"order_line_id": "A-1"}]])
def test_an_answer_for_anything_but_one_refund_is_unknown(
    network: responses.RequestsMock, mirakl: Mirakl, refunds: Any
) -> None:
    network.put(REFUND, json={"refunds": refunds})
    with pytest.raises(OutcomeUnknown, match="OR28"):
        mirakl.refund(asked())
