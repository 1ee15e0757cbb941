"""Single orders: reading them, accepting them, and how taxes are refunded."""

from __future__ import annotations

from decimal import Decimal

import pytest
import responses

from integration.domain.orders import Fee, Promotion, Tax
from integration.errors import OutcomeUnknown, Rejected, Retryable
from integration.mirakl.client import Mirakl
from integration.mirakl.operations import OR75
from integration.mirakl.wire.orders import OrderLine
from tests.unit.mirakl.network import URL, CountingGate, body, query

ORDERS = f"{URL}/api/orders"
SHOPPER = {"firstname": "Zz", "lastname": "Canary"}


def test_orders_are_read_by_id_a_hundred_at_a_time_and_do_not_count(
    network: responses.RequestsMock, mirakl: Mirakl, gate: CountingGate
) -> None:
    network.get(ORDERS, json={"total_count": 1, "orders": [{"order_id": "A"}]})
    ids = [f"O-{number}" for number in range(101)]
    assert len(mirakl.orders(ids)) == 2
    assert query(network, 0)["order_ids"] == ",".join(ids[:100])
    assert query(network, 1) == {"shop_id": "7", "order_ids": "O-100", "max": "100"}
    assert gate.counted == []


def test_no_ids_need_no_call(mirakl: Mirakl) -> None:
    assert mirakl.orders([]) == []


def test_a_tax_mode_is_asked_for_only_where_one_is_given(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    network.get(ORDERS, json={"total_count": 0, "orders": []})
    mirakl.orders(["A"], "TAX_EXCLUDED")
    assert query(network)["order_tax_mode"] == "TAX_EXCLUDED"


def test_nulls_and_omissions_of_an_order_stay_unknown() -> None:
    line = OrderLine.model_validate({"order_line_id": 95, "taxes": None, "refunds": None, "price": None}).facts()
    assert (line.order_line_id, line.taxes, line.refunds, line.price, line.quantity) == ("95", (), (), None, None)


def test_amounts_taxes_and_fees_of_a_line_are_exact() -> None:
    line = OrderLine.model_validate(
        {
            "order_line_id": "A-1",
            "price": Decimal("11.00"),
            "taxes": [{"code": "VAT", "amount": "2.20", "rate": 20, "tax_calculation_rule": "NONE"}],
            "fees": [{"code": "ECO", "amount": Decimal("0.35")}],
            "promotions": [{"id": "P", "deduced_amount": Decimal("1.00"), "apportioned": True}],
        }
    ).facts()
    assert str(line.price) == "11.00"
    assert line.taxes == (Tax(code="VAT", amount=Decimal("2.20"), rate=Decimal(20), calculation_rule="NONE"),)
    assert line.promotions == (Promotion(id="P", deduced_amount=Decimal("1.00")),)
    assert line.fees == (Fee(code="ECO", amount=Decimal("0.35")),)


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ({"refund_state": "REFUNDED", "state": "WAITING_REFUND"}, "REFUNDED"),
        ({"refund_state": None, "state": "WAITING_REFUND"}, "WAITING_REFUND"),
        ({}, None),
    ],
)
def test_a_refund_has_its_new_state_or_else_its_deprecated_one(
    states: dict[str, str | None], state: str | None
) -> None:
    line = OrderLine.model_validate({"order_line_id": "A-1", "refunds": [{"id": 1130, "quantity": None, **states}]})
    assert (line.facts().refunds[0].id, line.facts().refunds[0].state) == ("1130", state)


def test_the_shopper_is_read_but_not_shown(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    order = {"order_id": "A", "customer_notification_email": "zz@canary.test", "customer": SHOPPER}
    network.get(ORDERS, json={"total_count": 1, "orders": [order]})
    shopper = mirakl.shopper("A")
    assert (shopper.email, shopper.first_name, shopper.last_name) == ("zz@canary.test", "Zz", "Canary")
    assert "zz" not in f"{shopper!r} {shopper}".lower()
    assert "Canary" not in repr(mirakl.orders(["A"]))


def test_a_shopper_that_mirakl_does_not_know_yet_is_empty(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    network.get(ORDERS, json={"total_count": 1, "orders": [{"order_id": "A", "customer": None}]})
    assert mirakl.shopper("A").last_name is None


def test_the_shopper_of_an_order_that_is_not_shown_is_asked_for_again_later(
    network: responses.RequestsMock, mirakl: Mirakl
) -> None:
    network.get(ORDERS, json={"total_count": 1, "orders": [{"order_id": "B"}]})
    with pytest.raises(Retryable, match="order A"):
        mirakl.shopper("A")


def test_every_line_is_accepted_or_refused(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    network.put(f"{ORDERS}/A/accept", status=204)
    mirakl.accept_order("A", {"A-1": True, "A-2": False})
    assert body(network) == {"order_lines": [{"id": "A-1", "accepted": True}, {"id": "A-2", "accepted": False}]}


def test_an_acceptance_that_is_answered_by_something_else_is_unknown(
    network: responses.RequestsMock, mirakl: Mirakl
) -> None:
    network.put(f"{ORDERS}/A/accept", status=200, body="<html>We are updating</html>")
    with pytest.raises(OutcomeUnknown):
        mirakl.accept_order("A", {"A-1": True})


def test_an_order_that_is_no_longer_waiting_refuses(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    network.put(f"{ORDERS}/A/accept", status=400, json={"code": "ORDER_INVALID_STATE", "message": "No"})
    with pytest.raises(Rejected, check=lambda refused: refused.code == "ORDER_INVALID_STATE"):
        mirakl.accept_order("A", {"A-1": True})


def test_tax_rules_are_read_by_code(network: responses.RequestsMock, mirakl: Mirakl, gate: CountingGate) -> None:
    taxes = [{"code": "VAT", "tax_calculation_rule": "NONE"}, {"code": "ODD", "tax_calculation_rule": None}]
    network.get(f"{ORDERS}/taxes", json={"taxes": taxes})
    assert mirakl.taxes() == {"VAT": "NONE"}
    assert gate.counted == [OR75]
