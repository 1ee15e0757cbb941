"""Credentials, and what is read once: V01, A01, A21, PC01, RE01."""

from __future__ import annotations

from decimal import Decimal

import pytest

from integration.sandbox import SandboxClient
from tests.unit.sandbox.caller import Caller


@pytest.mark.parametrize("key", ["", "another-key", "Bearer sandbox-mirakl-key"])
def test_the_key_goes_raw_into_the_header(caller: Caller, key: str) -> None:
    reply = caller.call("GET", "/api/orders", headers={"Authorization": key})
    assert (reply.status, reply.json["status"]) == (401, 401)


def test_another_shop_is_forbidden_and_one_s_own_is_not(caller: Caller) -> None:
    assert caller.mirakl("GET", "/orders", query={"shop_id": 2000}).status == 200
    assert caller.mirakl("GET", "/orders", query={"shop_id": 1}).status == 403


def test_the_health_check_asks_for_no_key(caller: Caller) -> None:
    assert caller.call("GET", "/api/version").status == 200


def test_a_verb_or_a_path_that_is_not_there_is_refused(caller: Caller) -> None:
    assert caller.mirakl("DELETE", "/orders").status == 405
    assert caller.mirakl("GET", "/nothing").status == 404


def test_the_account_names_shop_and_currency(caller: Caller) -> None:
    account = caller.mirakl("GET", "/account").json
    assert (account["shop_id"], account["currency_iso_code"], account["shop_state"]) == (2000, "GBP", "OPEN")


def test_settings_are_laid_over_the_platform_s(sandbox: SandboxClient, caller: Caller) -> None:
    before = caller.mirakl("GET", "/platform/configuration").json["features"]
    sandbox.set_configuration({"features": {"order_workflows": {"order_acceptance": "AUTOMATIC"}}})
    after = caller.mirakl("GET", "/platform/configuration").json["features"]
    assert before["order_workflows"]["order_acceptance"] == "NOT_AUTOMATIC"
    assert after["order_workflows"]["order_acceptance"] == "AUTOMATIC"
    assert after["order_tax_mode"] == before["order_tax_mode"]


def test_reasons_can_be_replaced(sandbox: SandboxClient, caller: Caller) -> None:
    codes = [reason["code"] for reason in caller.mirakl("GET", "/reasons").json["reasons"]]
    assert "17" in codes
    sandbox.set_reasons([{"code": "R1", "label": "Returned", "type": "REFUND", "is_shop_right": False}])
    assert caller.mirakl("GET", "/reasons").json == {
        "reasons": [{"code": "R1", "label": "Returned", "type": "REFUND", "is_shop_right": False}],
        "total_count": 1,
    }


def test_statistics_count_refused_returned_and_refunded_orders(sandbox: SandboxClient, caller: Caller) -> None:
    assert caller.mirakl("GET", "/account/statistics").json["refund_rate"][0]["value"] == 0
    shipped, refused = sandbox.seed_orders(1, state="SHIPPED")[0], sandbox.seed_orders(1)[0]
    sandbox.set_order_state(refused, "REFUSED")
    sandbox.refund_externally(f"{shipped}-1", amount=Decimal("1.00"))
    sandbox.open_return(shipped, [{"order_line_id": f"{shipped}-1", "quantity": 1}])
    statistics = caller.mirakl("GET", "/account/statistics").json
    for rate in ("auto_refused_rate", "refund_rate", "return_rate"):
        assert statistics[rate][0]["value"] == 50
