"""Reveni: W1 to W6 and the merchant's verdict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integration.sandbox import SandboxClient
from integration.sandbox.wire import timestamp
from tests.unit.sandbox.caller import Caller
from tests.unit.sandbox.conftest import Start


def new_return(external_id: str = "R", **facts: Any) -> dict[str, Any]:
    item = {
        "external_id": "O-1",
        "sku": "A",
        "name": "Article A",
        "quantity": 2,
        "unit_price": "25.0000",
        "return_reason": "change_of_mind",
    }
    order = {
        "external_id": "O",
        "name": "O",
        "currency": "GBP",
        "created_at": "2026-01-02T10:00:00Z",
        "customer": {"email": "a@b.example", "first_name": "A", "last_name": "B"},
    }
    whole = {"external_id": external_id, "type": "refund", "instant": False, "order": order, "return_items": [item]}
    return {**whole, **facts}


@pytest.fixture
def return_id(caller: Caller) -> str:
    created = caller.reveni("POST", "returns", new_return())
    assert created.status == 201
    assert {len(created.json["id"]), len(created.json["order_id"])} == {32}
    assert created.json["token"]
    found: str = created.json["id"]
    return found


def read(caller: Caller, return_id: str) -> dict[str, Any]:
    found: dict[str, Any] = caller.reveni("GET", f"returns/{return_id}").json
    return found


def test_a_return_is_read_as_it_was_created(caller: Caller, return_id: str) -> None:
    found = read(caller, return_id)
    assert (found["external_id"], found["order"]["external_id"]) == ("R", "O")
    assert (found["type"], found["mode"], found["status"]) == ("refund", "not_instant", "in_progress")
    item = found["return_items"][0]
    assert (item["status"], item["accepted_quantity"], item["restock"]) == ("pending", 0, None)
    assert "restocked_quantity" not in item
    assert "customer" not in found["order"]


def test_the_same_creation_twice_is_two_returns(sandbox: SandboxClient, caller: Caller, return_id: str) -> None:
    again = caller.reveni("POST", "returns", new_return()).json["id"]
    assert [each["id"] for each in sandbox.books()["reveni_returns"]["R"]] == [return_id, again]


def test_an_account_that_fills_the_restocked_quantity_begins_at_zero(start: Start) -> None:
    _, caller = start(reveni_fills_restocked_quantity=True)
    created = caller.reveni("POST", "returns", new_return(instant=True)).json["id"]
    assert read(caller, created)["return_items"][0]["restocked_quantity"] == 0
    assert read(caller, created)["mode"] == "instant"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"external_id": ""}, "external_id"),
        ({"return_items": []}, "return_items"),
        ({"return_items": ["A"]}, "return_items"),
        ({"return_items": [{"sku": "A"}]}, "return_items"),
        ({"return_items": [{**new_return()["return_items"][0], "unit_price": "25.00"}]}, "return_items"),
        ({"return_items": [{**new_return()["return_items"][0], "unit_price": 25}]}, "return_items"),
        ({"order": {"name": "O"}}, "order"),
        ({"order": "O"}, "order"),
    ],
)
def test_a_malformed_creation_names_the_field(caller: Caller, changes: dict[str, Any], field: str) -> None:
    reply = caller.reveni("POST", "returns", {**new_return(), **changes})
    assert reply.status == 400
    assert list(reply.json) == [field]


def test_a_body_that_is_not_json_is_refused(caller: Caller) -> None:
    assert caller.reveni("POST", "returns", raw=b"{").json == {"detail": "JSON parse error"}


def test_strangers_are_refused(caller: Caller) -> None:
    path = f"/merchants/v0/stores/{caller.options.reveni_store_id}/returns"
    assert caller.call("GET", path, headers={"Authorization": caller.options.reveni_key}).status == 401
    bearer = {"Authorization": f"Bearer {caller.options.reveni_key}"}
    assert caller.call("GET", "/merchants/v0/stores/another/returns", headers=bearer).status == 404
    assert caller.reveni("GET", "returns/none").status == 404


def test_the_list_filters_pages_and_comes_oldest_update_first(caller: Caller) -> None:
    ids = [caller.reveni("POST", "returns", new_return(f"R{each}")).json["id"] for each in range(60)]
    first = caller.reveni("GET", "returns", query={"order_external_id": "O"}).json
    assert [each["id"] for each in first["results"]] == ids[:50]
    assert first["next"].startswith("http://127.0.0.1:")
    bearer = {"Authorization": f"Bearer {caller.options.reveni_key}"}
    second = caller.call("GET", "/" + first["next"].split("/", 3)[3], headers=bearer).json
    assert ([each["id"] for each in second["results"]], second["next"]) == (ids[50:], None)
    assert caller.reveni("GET", "returns", query={"order_external_id": "P"}).json["results"] == []
    coming = timestamp(datetime.now(UTC) + timedelta(hours=1))
    assert caller.reveni("GET", "returns", query={"updated_from": coming}).json["results"] == []
    assert caller.reveni("GET", "returns", query={"updated_from": "today"}).status == 400


def test_the_warehouse_judges_units_one_after_the_other(sandbox: SandboxClient, caller: Caller, return_id: str) -> None:
    before = read(caller, return_id)["updated_at"]
    sandbox.judge("R", "O-1", accepted=1, restock=True, restocked_quantity=1, received_sku="A-RED")
    found = read(caller, return_id)
    assert found["updated_at"] > before
    assert (found["status"], found["return_items"][0]["status"]) == ("for_review", "pending")
    sandbox.judge(return_id, "O-1", rejected=1, reject_reason="defect")
    found = read(caller, return_id)
    item = found["return_items"][0]
    assert (found["status"], item["status"]) == ("partly_accepted", "accepted")
    assert (item["accepted_quantity"], item["rejected_quantity"], item["reject_reason"]) == (1, 1, "defect")
    assert (item["restock"], item["restocked_quantity"], item["received_sku"]) == (True, 1, "A-RED")
    with pytest.raises(Exception, match=r"larger than what is left"):
        sandbox.judge(return_id, "O-1", accepted=1)


@pytest.mark.parametrize(
    ("verdict", "statuses"),
    [
        ({"accepted": 2}, ("accepted", "accepted")),
        ({"rejected": 2, "reject_reason": "delay"}, ("rejected", "rejected")),
        ({"for_review": True}, ("in_progress", "for_review")),
    ],
)
def test_the_status_follows_the_verdicts(
    sandbox: SandboxClient, caller: Caller, return_id: str, verdict: dict[str, Any], statuses: tuple[str, str]
) -> None:
    sandbox.judge("R", "O-1", **verdict)
    found = read(caller, return_id)
    assert (found["status"], found["return_items"][0]["status"]) == statuses


def test_an_unknown_reject_reason_or_return_is_refused(sandbox: SandboxClient, return_id: str) -> None:
    with pytest.raises(Exception, match=r"reject reason"):
        sandbox.judge("R", "O-1", rejected=1, reject_reason="ugly")
    with pytest.raises(Exception, match=r"no return X"):
        sandbox.judge("X", "O-1", accepted=1)


def test_a_person_may_change_what_decides_about_money(sandbox: SandboxClient, caller: Caller, return_id: str) -> None:
    paid = [{"id": "1", "amount": "25.0000", "currency": "GBP", "method": "card", "status": "done"}]
    sandbox.set_reveni_return("R", type="exchange", mode="instant", refunds=paid, fixed_status="COMPLETED")
    found = read(caller, return_id)
    assert (found["type"], found["mode"], found["refunds"]) == ("exchange", "instant", paid)
    assert found["status"] == "COMPLETED"
    with pytest.raises(Exception, match=r"cannot be changed"):
        sandbox.set_reveni_return("R", id="other")


def test_the_merchant_s_verdict_judges_too(caller: Caller, return_id: str) -> None:
    item_id = read(caller, return_id)["return_items"][0]["id"]
    verdict = {"item_id": item_id, "quantity": 1, "status": "rejected", "reject_reason": "defect"}
    reply = caller.reveni("POST", f"returns/{return_id}/partial_validate", {"items": [verdict]})
    assert reply.json["return_items"][0]["rejected_quantity"] == 1
    wrong = {"items": [{"item_id": "none", "status": "accepted"}]}
    assert caller.reveni("POST", f"returns/{return_id}/partial_validate", wrong).status == 400


def test_a_return_is_canceled_before_it_is_judged_and_not_after(
    sandbox: SandboxClient, caller: Caller, return_id: str
) -> None:
    assert caller.reveni("POST", f"returns/{return_id}/cancel").json["status"] == "cancelled"
    assert caller.reveni("POST", f"returns/{return_id}/cancel").status == 200
    judged = caller.reveni("POST", "returns", new_return("S")).json["id"]
    sandbox.judge("S", "O-1", accepted=2)
    assert caller.reveni("POST", f"returns/{judged}/cancel").status == 409
