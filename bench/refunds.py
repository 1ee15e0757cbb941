"""Verdicts of many returns at once: refunds a second (OR28) and in how many calls, and what working them out costs."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

from bench.figures import Figure
from bench.stage import Stage, ready_fleet
from integration.domain.orders import Order, OrderLine, Tax
from integration.domain.refunds import calculate
from integration.ledger.refunds import refunds
from integration.ledger.returns import returns
from integration.sandbox.client import SandboxClient
from tests.servers import wait_until

REFUNDS = 100
LATENCY = 0.05
"""Seconds that each call takes at the other side."""

PROCESSES = 2
"""That many refunds the worker makes side by side; each reads its order, then sends."""

CALCULATIONS = 20_000


def measure() -> list[Figure]:
    """The rate is that of the refunds alone, from the first one sent to the answer of the last."""
    sent_back: dict[str, str] = {}
    with ready_fleet(seed=lambda sandbox: sent_back.update(_send_back(sandbox))) as stage:
        calls = _calls_of_refunds(stage, sent_back)
    sent = [call["at"] for call in calls if call["operation"] == "OR28"]
    reads = len(calls) - len(sent)
    rate = REFUNDS / (sent[-1] - sent[0] + LATENCY)
    at_most = PROCESSES / (2 * LATENCY)
    what = f"{REFUNDS} refunds due at once, {1000 * LATENCY:.0f} ms a call: made per second"
    return [
        Figure(what, rate, "/s", at_most, f"{PROCESSES} processes that only wait for their two calls"),
        Figure("… calls to read the order (OR11), per refund", reads / REFUNDS, "", 1, "target"),
        Figure("… calls to send it (OR28), per refund", len(sent) / REFUNDS, "", 1, "target"),
        Figure("order lines worked out per second and core", _lines_per_second(), "/s", 10_000, "target"),
    ]


def _send_back(sandbox: SandboxClient) -> dict[str, str]:
    """Order to return: parcels of one unit of two, on their way."""
    sent_back = {}
    for number in range(REFUNDS):
        line = {"sku": "BENCH", "quantity": 2, "unit_price": "25.00", "order_line_id": f"BENCH-{number}-1"}
        order_id = sandbox.seed_order(order_id=f"BENCH-{number}", lines=[line], state="RECEIVED")
        back = {"order_line_id": f"{order_id}-1", "quantity": 1, "reason_code": "RETURN_DEFECTIVE_ITEM"}
        sent_back[order_id] = sandbox.open_return(order_id, [back])
    return sent_back


def _calls_of_refunds(stage: Stage, sent_back: dict[str, str]) -> list[dict[str, Any]]:
    """Every call that was made for one refund alone until it was sent, in order.

    Whether refunds are paid is looked up by the hundred, afterwards.
    """
    wait_until(
        lambda: stage.fleet.read(lambda tx: sum(one.reveni_return_id is not None for one in returns(tx))) == REFUNDS,
        within=120, what="all returns in Reveni",
    )  # fmt: skip
    stage.sandbox.set_latency(LATENCY)
    known = len(stage.sandbox.calls())
    for order_id, return_id in sent_back.items():
        stage.sandbox.judge(return_id, f"{order_id}-1", accepted=1)
    wait_until(
        lambda: sum(one.state in ("confirmed", "refunded") for one in stage.fleet.read(refunds)) == REFUNDS,
        within=120, what="all refunds made",
    )  # fmt: skip
    waiting, calls = set(sent_back), []
    for call in stage.sandbox.calls()[known:]:
        order_id = _order_of(call)
        if order_id in waiting or (order_id and call["operation"] == "OR28"):
            calls.append(call)
        if call["operation"] == "OR28":
            waiting.discard(order_id)
    return calls


def _order_of(call: dict[str, Any]) -> str:
    """The one order that a call reads or refunds; empty for any other call."""
    if call["operation"] == "OR28":
        (refund,) = json.loads(call["body"])["refunds"]
        return str(refund["order_line_id"]).removesuffix("-1")
    _, _, behind = str(call["request"]).partition("order_ids=")
    return behind.partition("&")[0] if call["operation"] == "OR11" else ""


def _lines_per_second() -> float:
    """Of lines with a price, shipping and a tax, of which all go back in part."""
    tax = Tax(code="ECO", amount=Decimal("4.17"), calculation_rule="NONE")
    line = OrderLine(
        order_line_id="O-1-1", offer_sku="BENCH", state="RECEIVED", quantity=2, price=Decimal("50.00"),
        price_unit=Decimal("25.00"), shipping_price=Decimal("5.00"), total_commission=Decimal("12.10"), taxes=(tax,),
    )  # fmt: skip
    order = Order(order_id="O-1", state="RECEIVED", tax_mode="TAX_INCLUDED", currency="GBP", lines=(line,))
    began = time.process_time()
    for _ in range(CALCULATIONS):
        calculate(
            order, order_line_id=line.order_line_id, quantity=1, reason_code="17", shipping_refund="proportional",
            ours={}, fee_codes=frozenset(), tax_rules={}, currency="GBP",
        )  # fmt: skip
    return CALCULATIONS / (time.process_time() - began)
