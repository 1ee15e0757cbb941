"""OR21 and what follows it."""

from __future__ import annotations

from typing import Any

import pytest

from integration.sandbox import SandboxClient
from tests.servers import wait_until
from tests.unit.sandbox.caller import Caller
from tests.unit.sandbox.conftest import Start


@pytest.fixture
def order_id(sandbox: SandboxClient) -> str:
    return sandbox.seed_order(order_id="O", lines=[{"sku": "A"}, {"sku": "B"}])


def test_an_accepted_order_is_debited_and_becomes_shipping(
    sandbox: SandboxClient, caller: Caller, order_id: str
) -> None:
    reply = caller.accept(order_id, {"O-1": True, "O-2": True})
    assert (reply.status, reply.body) == (204, b"")
    order = caller.order(order_id)
    assert order["order_state"] == "SHIPPING"
    assert order["acceptance_decision_date"] is not None
    assert order["customer_debited_date"] is not None
    assert sandbox.books()["accepts"] == {"O": {"effective": 1, "calls": 1}}


def test_the_debit_states_take_their_time(start: Start) -> None:
    running, caller = start(scale=1.0, debit_delay=0.2, ceilings=False)
    order_id = running.client.seed_orders(1)[0]
    caller.accept(order_id, {f"{order_id}-1": True})
    met = {caller.order(order_id)["order_state"]}

    def shipping() -> bool:
        met.add(caller.order(order_id)["order_state"])
        return "SHIPPING" in met

    wait_until(shipping)
    assert met == {"WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "SHIPPING"}


def test_an_order_canceled_before_its_debit_stays_canceled(start: Start) -> None:
    running, caller = start(scale=1.0, debit_delay=0.1, ceilings=False)
    early, late = running.client.seed_orders(2)
    for order_id in (early, late):
        caller.accept(order_id, {f"{order_id}-1": True})
    running.client.cancel_order(early)
    wait_until(lambda: caller.order(late)["order_state"] == "WAITING_DEBIT_PAYMENT")
    running.client.cancel_order(late)
    third = running.client.seed_orders(1)[0]
    caller.accept(third, {f"{third}-1": True})
    wait_until(lambda: caller.order(third)["order_state"] == "SHIPPING")
    assert {caller.order(each)["order_state"] for each in (early, late)} == {"CANCELED"}


def test_without_a_debit_delay_the_debit_never_comes_by_itself(start: Start) -> None:
    running, caller = start(debit_delay=None)
    order_id = running.client.seed_orders(1)[0]
    caller.accept(order_id, {f"{order_id}-1": True})
    assert caller.order(order_id)["order_state"] == "WAITING_DEBIT"


def test_a_second_acceptance_is_refused_by_the_state(sandbox: SandboxClient, caller: Caller, order_id: str) -> None:
    decisions = {"O-1": True, "O-2": True}
    caller.accept(order_id, decisions)
    again = caller.accept(order_id, decisions)
    assert (again.status, again.json["code"], again.json["status"]) == (400, "ORDER_INVALID_STATE", 400)
    assert sandbox.books()["accepts"] == {"O": {"effective": 1, "calls": 2}}


def test_an_order_of_nobody_is_not_found(caller: Caller) -> None:
    reply = caller.accept("none", {"none-1": True})
    assert (reply.status, reply.json["code"]) == (404, "ORDER_NOT_FOUND")


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([{"id": "O-1", "accepted": True}], "ORDER_LINE_ACCEPTANCE_DECISION_MISSING"),
        ([{"id": "O-1", "accepted": True}, {"id": "O-1", "accepted": True}], "ORDER_LINE_DUPLICATE_ID"),
        ([{"id": "O-9", "accepted": True}], "ORDER_LINE_NOT_FOUND"),
        ([None], "ORDER_LINE_NULL_ELEMENT"),
        ([{"id": "O-1", "accepted": "yes"}], "VALIDATION_ERROR"),
        ([{"accepted": True}], "VALIDATION_ERROR"),
        (["O-1"], "VALIDATION_ERROR"),
        (
            [{"id": "O-1", "accepted": True}, {"id": "O-2", "accepted": False}],
            "ORDER_PARTIAL_ACCEPTANCE_DISABLED",
        ),
    ],
)
def test_each_guard_answers_with_its_published_code(
    sandbox: SandboxClient, caller: Caller, order_id: str, lines: list[Any], code: str
) -> None:
    reply = caller.mirakl("PUT", f"/orders/{order_id}/accept", {"order_lines": lines})
    assert (reply.status, reply.json["code"]) == (400, code)
    assert sandbox.books()["orders"][order_id] == "WAITING_ACCEPTANCE"


def test_an_order_that_the_operator_fulfils_is_not_the_shop_s_to_accept(sandbox: SandboxClient, caller: Caller) -> None:
    order_id = sandbox.seed_orders(1, fulfillment_center="OPERATOR")[0]
    reply = caller.accept(order_id, {f"{order_id}-1": True})
    assert reply.json["code"] == "ORDER_FULFILLED_UNAUTHORIZED"


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"[]", b"{}"])
def test_a_malformed_body_is_refused(caller: Caller, order_id: str, raw: bytes) -> None:
    assert caller.mirakl("PUT", f"/orders/{order_id}/accept", raw=raw).status == 400


def test_refusing_every_line_refuses_the_order(caller: Caller, order_id: str) -> None:
    assert caller.accept(order_id, {"O-1": False, "O-2": False}).status == 204
    order = caller.order(order_id)
    assert order["order_state"] == "REFUSED"
    assert order["acceptance_decision_date"] is not None


def test_a_shop_that_may_accepts_in_part_and_the_refused_line_does_not_count(start: Start) -> None:
    running, caller = start(partial_acceptance=True)
    running.client.seed_order(order_id="P", lines=[{"sku": "A"}, {"sku": "B"}])
    assert caller.accept("P", {"P-1": True, "P-2": False}).status == 204
    order = caller.order("P")
    assert [line["order_line_state"] for line in order["order_lines"]] == ["SHIPPING", "REFUSED"]
    assert order["price"] == order["order_lines"][0]["price"]


def test_an_order_left_alone_is_refused_without_a_decision_date(start: Start) -> None:
    running, caller = start(scale=1.0, auto_refusal_delay=100.0, ceilings=False)
    due = running.client.seed_orders(1, created_ago=99.4)[0]
    decided = running.client.seed_orders(1, created_ago=99.5)[0]
    caller.accept(decided, {f"{decided}-1": True})
    wait_until(lambda: caller.order(due)["order_state"] == "REFUSED")
    assert caller.order(due)["acceptance_decision_date"] is None
    overdue = running.client.seed_orders(1, created_ago=101)[0]
    assert caller.order(overdue)["order_state"] == "REFUSED"
    assert caller.order(decided)["order_state"] != "REFUSED"
