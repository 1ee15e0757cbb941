"""Every kind of misbehaviour, and whether the effect took place."""

from __future__ import annotations

import http.client
import threading
import time
from decimal import Decimal

import pytest

from integration.sandbox import SandboxClient
from integration.sandbox.faults import Fault, Faults
from tests.servers import wait_until
from tests.unit.sandbox.caller import Caller


@pytest.fixture
def line_id(sandbox: SandboxClient) -> str:
    sandbox.seed_order(order_id="O", state="SHIPPED", lines=[{"sku": "A", "quantity": 4}])
    return "O-1"


def made(sandbox: SandboxClient) -> int:
    return len(sandbox.books()["refunds"].get("O-1", []))


def last_status(sandbox: SandboxClient) -> int | None:
    status: int | None = sandbox.calls("OR28")[-1]["status"]
    return status


def test_a_status_before_the_effect_leaves_no_effect(sandbox: SandboxClient, caller: Caller, line_id: str) -> None:
    sandbox.add_fault("OR28", "status_before", status=429, retry_after=7, times=1)
    refused = caller.refund(line_id, "1.00")
    assert (refused.status, refused.headers["Retry-After"], made(sandbox)) == (429, "7", 0)
    assert caller.refund(line_id, "1.00").status == 200


def test_a_status_after_the_effect_hides_it(sandbox: SandboxClient, caller: Caller, line_id: str) -> None:
    sandbox.add_fault("OR28", "status_after", status=500, times=2)
    assert [caller.refund(line_id, "1.00").status for _ in range(3)] == [500, 500, 200]
    assert made(sandbox) == 3


def test_an_answer_may_be_written_word_for_word(sandbox: SandboxClient, caller: Caller, line_id: str) -> None:
    sandbox.add_fault("OR28", "status_before", status=502, body="<html>Bad Gateway</html>", times=1)
    assert caller.refund(line_id, "1.00").body == b"<html>Bad Gateway</html>"
    sandbox.add_fault("OR28", "status_after", status=200, body={"refunds": []}, times=1)
    assert caller.refund(line_id, "1.00").json == {"refunds": []}


@pytest.mark.parametrize(("kind", "effects"), [("lost_before", 0), ("lost_after", 1)])
def test_a_lost_answer_closes_the_connection(
    sandbox: SandboxClient, caller: Caller, line_id: str, kind: str, effects: int
) -> None:
    sandbox.add_fault("OR28", kind, times=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        caller.refund(line_id, "1.00")
    assert made(sandbox) == effects
    assert last_status(sandbox) is None


def test_half_an_answer_is_announced_as_a_whole_one(sandbox: SandboxClient, caller: Caller, line_id: str) -> None:
    sandbox.add_fault("OR28", "truncated_after", times=1)
    with pytest.raises(http.client.IncompleteRead) as cut:
        caller.refund(line_id, "1.00")
    assert cut.value.partial.startswith(b'{"order_tax_mode"')
    assert made(sandbox) == 1


def test_an_answer_without_a_body_has_no_half(sandbox: SandboxClient, caller: Caller) -> None:
    order_id = sandbox.seed_orders(1)[0]
    sandbox.add_fault("OR21", "truncated_after", times=1)
    assert caller.accept(order_id, {f"{order_id}-1": True}).status == 204
    assert sandbox.books()["orders"][order_id] == "SHIPPING"


def test_garbage_comes_with_a_200(sandbox: SandboxClient, caller: Caller, line_id: str) -> None:
    sandbox.add_fault("OR28", "garbage_after", times=1)
    reply = caller.refund(line_id, "1.00")
    assert (reply.status, made(sandbox)) == (200, 1)
    with pytest.raises(ValueError, match=r"Expecting"):
        _ = reply.json


def test_a_late_effect_lands_after_the_caller_gave_up(sandbox: SandboxClient, caller: Caller, line_id: str) -> None:
    sandbox.add_fault("OR28", "late_effect", seconds=0.5, times=1)
    with pytest.raises(TimeoutError):
        caller.refund(line_id, "1.00", timeout=0.2)
    assert made(sandbox) == 0
    wait_until(lambda: made(sandbox) == 1)


def test_a_late_effect_may_be_answered_with_504(sandbox: SandboxClient, caller: Caller, line_id: str) -> None:
    sandbox.add_fault("OR28", "late_effect", seconds=0.3, answer_after=0.05, times=1)
    assert caller.refund(line_id, "1.00").status == 504
    wait_until(lambda: made(sandbox) == 1)


def test_a_hanging_call_has_no_effect(sandbox: SandboxClient, caller: Caller) -> None:
    order_id = sandbox.seed_orders(1)[0]
    sandbox.add_fault("OR11", "hang", times=1, match=order_id)
    with pytest.raises(TimeoutError):
        caller.mirakl("GET", "/orders", query={"order_ids": order_id}, timeout=0.2)
    assert caller.order(order_id)["order_id"] == order_id


def test_a_delay_is_a_delay_and_latency_is_one_for_everybody(
    sandbox: SandboxClient, caller: Caller, line_id: str
) -> None:
    sandbox.add_fault("OR28", "delay", seconds=0.2, times=1)
    began = time.monotonic()
    assert caller.refund(line_id, "1.00").status == 200
    assert time.monotonic() - began >= 0.2
    sandbox.set_latency(0.1)
    began = time.monotonic()
    assert caller.mirakl("GET", "/reasons").status == 200
    assert time.monotonic() - began >= 0.1
    sandbox.clear_faults()
    assert made(sandbox) == 1


def test_a_wrong_answer_is_one_for_another_amount_or_another_line(
    sandbox: SandboxClient, caller: Caller, line_id: str
) -> None:
    sandbox.add_fault("OR28", "wrong_answer", times=1)
    assert caller.refund(line_id, "1.00").json["refunds"][0]["amount"] == Decimal("2.00")
    sandbox.add_fault("OR28", "wrong_answer", replace={"order_line_id": "P-1"}, times=1)
    assert caller.refund(line_id, "1.00").json["refunds"][0]["order_line_id"] == "P-1"
    assert [refund["amount"] for refund in sandbox.books()["refunds"]["O-1"]] == [1, 1]
    sandbox.add_fault("*", "wrong_answer")
    assert caller.mirakl("GET", "/reasons").json["total_count"] == 8


def test_a_rule_strikes_only_what_it_names(sandbox: SandboxClient, caller: Caller, line_id: str) -> None:
    sandbox.add_fault("OR28", "status_before", match="another-line")
    sandbox.add_fault("RE01", "status_before")
    assert caller.refund(line_id, "1.00").status == 200
    assert [caller.mirakl("GET", "/reasons").status for _ in range(3)] == [503, 503, 503]


def test_chance_is_the_same_for_the_same_seed() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault("*", "hang", probability=0.3))
        return [faults.take("OR11", "") is not None for _ in range(200)]

    assert struck(1) == struck(1) != struck(2)
    assert 30 < sum(struck(1)) < 90


def test_a_kind_that_is_not_there_is_refused(sandbox: SandboxClient) -> None:
    with pytest.raises(Exception, match=r"no such kind"):
        sandbox.add_fault("OR28", "explode")


def test_sixteen_callers_share_a_latency_of_50_ms(sandbox: SandboxClient, caller: Caller) -> None:
    order_ids = sandbox.seed_orders(160)
    sandbox.set_latency(0.05)
    answers: list[int] = []

    def accept(mine: list[str]) -> None:
        answers.extend(caller.accept(order_id, {f"{order_id}-1": True}).status for order_id in mine)

    began = time.monotonic()
    threads = [threading.Thread(target=accept, args=(order_ids[each::16],)) for each in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [204] * 160
    # One after the other would take 8 s; ten rounds of sixteen take half a second on an idle machine.
    assert time.monotonic() - began < 6
