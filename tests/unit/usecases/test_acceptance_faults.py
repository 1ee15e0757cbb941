"""OR21 going wrong in every way there is: each order is accepted once, and the ledger says by whom."""

from __future__ import annotations

from typing import Any

import pytest

from integration.ledger.orders import get_order
from integration.ledger.reviews import reviews
from integration.ledger.tables import OrderRow
from integration.sandbox import SandboxClient
from integration.usecases.poll_orders import poll_orders, store_waiting_orders
from tests.inline_fleet import InlineFleet

FAULTS: list[dict[str, Any]] = [
    {"kind": "status_before", "status": 503},
    {"kind": "status_before", "status": 429, "retry_after": 1},
    {"kind": "status_before", "status": 401},
    {"kind": "status_before", "status": 400},
    {"kind": "status_after", "status": 500},
    {"kind": "status_after", "status": 302},
    {"kind": "lost_before"},
    {"kind": "lost_after"},
    {"kind": "truncated_after"},
    {"kind": "garbage_after"},
    {"kind": "hang"},
    {"kind": "late_effect", "seconds": 0.3, "answer_after": 0.1},
    {"kind": "delay", "seconds": 0.2},
]
CODES = (
    "ORDER_FULFILLED_UNAUTHORIZED",
    "ORDER_INVALID_STATE",
    "ORDER_LINE_ACCEPTANCE_DECISION_MISSING",
    "ORDER_LINE_DUPLICATE_ID",
    "ORDER_LINE_NOT_FOUND",
    "ORDER_LINE_NULL_ELEMENT",
    "ORDER_NOT_FOUND",
    "ORDER_PARTIAL_ACCEPTANCE_DISABLED",
    "VALIDATION_ERROR",
)
"""All that OR21 documents."""


def an_order(sandbox: SandboxClient, **facts: Any) -> str:
    return sandbox.seed_order(lines=[{"sku": "SKU-1", "quantity": 1, "unit_price": "25.00"}], **facts)


def order_row(fleet: InlineFleet, order_id: str) -> OrderRow | None:
    with fleet.ports.ledger.read() as tx:
        return get_order(tx, order_id)


def state(fleet: InlineFleet, order_id: str) -> str | None:
    row = order_row(fleet, order_id)
    return None if row is None else row.state


def inbox(fleet: InlineFleet) -> list[tuple[str, str]]:
    with fleet.ports.ledger.read() as tx:
        return [(review.subject, review.reason) for review in reviews(tx)]


def find_and(fleet: InlineFleet, meanwhile: Any) -> None:
    """Something happens between the poll that found an order and its acceptance."""
    poll_orders(fleet.ports)
    meanwhile()
    fleet.work()


@pytest.mark.crash_matrix(28)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(map(str, fault.values())))
def test_an_order_is_accepted_once_whatever_happens_to_the_call(
    fleet: InlineFleet, sandbox: SandboxClient, fault: dict[str, Any]
) -> None:
    order_id = an_order(sandbox)
    sandbox.add_fault("OR21", times=1, **fault)
    fleet.until(lambda: state(fleet, order_id) == "acknowledged", limit=30)
    books = sandbox.books()
    assert books["orders"][order_id] == "SHIPPING"
    assert books["accepts"][order_id]["effective"] == 1
    row = order_row(fleet, order_id)
    assert row is not None
    assert row.acknowledged_by == "us"
    assert inbox(fleet) == []


@pytest.mark.crash_matrix(28)
def test_an_order_that_mirakl_refused_since_nobody_came_is_missed(fleet: InlineFleet, sandbox: SandboxClient) -> None:
    order_id = an_order(sandbox)
    find_and(fleet, lambda: sandbox.set_order_state(order_id, "REFUSED"))
    fleet.until(lambda: state(fleet, order_id) == "missed")
    assert inbox(fleet) == [(order_id, "acceptance_missed")]
    assert sandbox.books()["accepts"][order_id]["effective"] == 0


@pytest.mark.crash_matrix(28)
def test_an_order_that_was_canceled_meanwhile_is_shown_to_a_person(fleet: InlineFleet, sandbox: SandboxClient) -> None:
    order_id = an_order(sandbox)
    find_and(fleet, lambda: sandbox.cancel_order(order_id))
    fleet.until(lambda: state(fleet, order_id) == "held")
    assert inbox(fleet) == [(order_id, "order_canceled")]


@pytest.mark.crash_matrix(28)
def test_an_order_that_somebody_else_accepted_is_acknowledged_by_them(
    fleet: InlineFleet, sandbox: SandboxClient
) -> None:
    order_id = an_order(sandbox)
    find_and(fleet, lambda: sandbox.set_order_state(order_id, "SHIPPING"))
    fleet.until(lambda: state(fleet, order_id) == "acknowledged")
    row = order_row(fleet, order_id)
    assert row is not None
    assert row.acknowledged_by == "somebody_else"
    assert sandbox.books()["accepts"][order_id]["effective"] == 0


def test_an_order_that_mirakl_keeps_refusing_to_have_accepted_is_shown_to_a_person(
    fleet: InlineFleet, sandbox: SandboxClient
) -> None:
    order_id = an_order(sandbox, fulfillment_center="OPERATOR")
    other = an_order(sandbox)
    fleet.until(lambda: state(fleet, order_id) == "held")
    assert state(fleet, other) == "acknowledged"
    [(subject, reason)] = inbox(fleet)
    assert (subject, reason) == (order_id, "accept_order_rejected")
    assert sandbox.books()["accepts"][order_id]["calls"] == 5


def test_what_mirakl_keeps_refusing_is_held_with_its_code_and_refuses_no_other_order(
    fleet: InlineFleet, sandbox: SandboxClient
) -> None:
    codes = {an_order(sandbox): code for code in CODES}
    other = an_order(sandbox)
    for order_id, code in codes.items():
        refusal = {"code": code, "message": f"told by {code.lower()}", "status": 400}
        sandbox.add_fault("OR21", "status_before", status=400, match=order_id, body=refusal)
    fleet.until(lambda: all(state(fleet, order_id) == "held" for order_id in codes), limit=60)
    assert state(fleet, other) == "acknowledged"
    with fleet.ports.ledger.read() as tx:
        told = {review.subject: review.detail for review in reviews(tx)}
    assert [order_id for order_id, code in codes.items() if f"told by {code.lower()}" not in str(told[order_id])] == []
    assert all(made["effective"] == (order_id == other) for order_id, made in sandbox.books()["accepts"].items())


@pytest.mark.parametrize("code", CODES)
def test_a_refusal_that_comes_once_costs_nothing_but_a_second_call(
    fleet: InlineFleet, sandbox: SandboxClient, code: str
) -> None:
    order_id = an_order(sandbox)
    sandbox.add_fault("OR21", "status_before", status=400, times=1, body={"code": code, "message": code})
    fleet.until(lambda: state(fleet, order_id) == "acknowledged")
    assert inbox(fleet) == []


def test_an_order_that_waits_again_long_after_it_was_accepted_is_accepted_again(
    fleet: InlineFleet, sandbox: SandboxClient, caplog: pytest.LogCaptureFixture
) -> None:
    order_id = an_order(sandbox)
    fleet.until(lambda: state(fleet, order_id) == "acknowledged")
    sandbox.set_order_state(order_id, "WAITING_ACCEPTANCE")
    fleet.until(lambda: sandbox.books()["accepts"][order_id]["effective"] == 2)
    fleet.until(lambda: state(fleet, order_id) == "acknowledged")
    assert "waits on Mirakl again" in caplog.text


def test_a_page_that_was_read_before_an_order_was_accepted_takes_nothing_back(
    fleet: InlineFleet, sandbox: SandboxClient
) -> None:
    order_id = an_order(sandbox)
    with fleet.ports.ledger.read() as tx:
        before = tx.now
    stale = fleet.ports.mirakl.waiting_orders()
    fleet.until(lambda: state(fleet, order_id) == "acknowledged")
    assert store_waiting_orders(fleet.ports, stale, read_since=before) == 0
    assert state(fleet, order_id) == "acknowledged"


def test_refused_orders_of_other_shops_keys_are_held(fleet: InlineFleet, sandbox: SandboxClient) -> None:
    order_id = an_order(sandbox)
    # Mirakl answers for no such order any more: it was moved to another shop.
    sandbox.add_fault("OR21", "status_before", status=404, times=1)
    sandbox.add_fault("OR11", "status_before", status=200, match="order_ids", body={"orders": [], "total_count": 0})
    fleet.until(lambda: state(fleet, order_id) == "held")
    assert inbox(fleet) == [(order_id, "order_not_on_mirakl")]


def test_an_order_that_mirakl_shows_again_is_accepted_without_a_person(
    fleet: InlineFleet, sandbox: SandboxClient
) -> None:
    """M14: its acceptance time is running; what was held since it was not shown goes on when it is."""
    order_id = an_order(sandbox)
    nothing = {"orders": [], "total_count": 0}
    sandbox.add_fault("OR21", "status_before", status=404, times=1)
    sandbox.add_fault("OR11", "status_before", status=200, match="order_ids", body=nothing, times=1)
    fleet.until(lambda: state(fleet, order_id) == "acknowledged")
    assert inbox(fleet) == []
    with fleet.ports.ledger.read() as tx:
        (review,) = reviews(tx, state=None)
    assert (review.reason, review.resolution) == ("order_not_on_mirakl", "OR11 shows it again")


def test_a_sweep_of_several_pages_counts_once_and_misses_nobody(fleet: InlineFleet, sandbox: SandboxClient) -> None:
    order_ids = sandbox.seed_orders(130)
    fleet.until(lambda: all(state(fleet, order_id) == "acknowledged" for order_id in order_ids))
    books = sandbox.books()
    assert [one["calls"] for one in books["accepts"].values()] == [1] * 130
    assert books["ceiling_violations"] == {}
