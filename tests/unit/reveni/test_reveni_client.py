"""Reveni's calls, with the assumptions W1 to W6."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from integration.answers import decode
from integration.errors import OutcomeUnknown, Rejected, Retryable
from integration.http import Transport
from integration.reveni.client import Reveni
from integration.reveni.wire import Customer, NewReturn, NewReturnItem, NewReturnOrder, ReveniReturn, Webhook

BASE = "https://reveni.test/merchants/v0"
STORE = f"{BASE}/stores/store1"
MOMENT = datetime(2026, 1, 2, 10, tzinfo=UTC)

NEW = NewReturn(
    external_id="R1",
    order=NewReturnOrder(
        external_id="A",
        name="C",
        currency="GBP",
        created_at=MOMENT,
        customer=Customer(email="zz@canary.test", first_name="Zz", last_name=None),
    ),
    return_items=(
        NewReturnItem(
            external_id="A-1", sku="S", name="A dress", quantity=1, unit_price="25.0000", return_reason="too_big"
        ),
    ),
)


@pytest.fixture
def network() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def reveni() -> Reveni:
    return Reveni(Transport(base_url=BASE, headers={"Authorization": "Bearer key"}, attempts=1), "store1")


def query(network: responses.RequestsMock, number: int = -1) -> dict[str, Any]:
    return dict(network.calls[number].request.params)  # type: ignore[attr-defined]  # the recorded object has it


def test_a_return_is_created_with_mirakls_price_and_without_instant_refund(
    network: responses.RequestsMock, reveni: Reveni
) -> None:
    network.post(f"{STORE}/returns", status=201, json={"id": "a" * 32, "order_id": "b" * 32, "token": "t"})
    created = reveni.create_return(NEW)
    assert (created.id, created.order_id) == ("a" * 32, "b" * 32)
    assert decode(network.calls[0].request.body) == {  # type: ignore[arg-type]  # a recorded request has a body
        "external_id": "R1",
        "type": "refund",
        "instant": False,
        "order": {
            "external_id": "A",
            "name": "C",
            "currency": "GBP",
            "created_at": "2026-01-02T10:00:00Z",
            "customer": {"email": "zz@canary.test", "first_name": "Zz"},
        },
        "return_items": [
            {
                "external_id": "A-1",
                "sku": "S",
                "name": "A dress",
                "quantity": 1,
                "unit_price": "25.0000",
                "return_reason": "too_big",
            }
        ],
    }


def test_the_shopper_shows_neither_in_a_repr_nor_in_a_refusal(network: responses.RequestsMock, reveni: Reveni) -> None:
    network.post(f"{STORE}/returns", status=422, json={"email": ["zz@canary.test is not valid"]})
    with pytest.raises(Rejected) as refused:
        reveni.create_return(NEW)
    assert "canary" not in f"{NEW!r} {NEW} {refused.value!r} {refused.value.message}"


def test_a_creation_without_an_id_is_unknown(network: responses.RequestsMock, reveni: Reveni) -> None:
    network.post(f"{STORE}/returns", status=201, json={})
    with pytest.raises(OutcomeUnknown, match="W1"):
        reveni.create_return(NEW)


def test_a_verdict_is_read_as_reveni_gives_it(network: responses.RequestsMock, reveni: Reveni) -> None:
    judged = {
        "id": "i1",
        "external_id": "A-1",
        "sku": "S",
        "quantity": 2,
        "status": "ACCEPTED",
        "accepted_quantity": 1,
        "rejected_quantity": 0,
        "restock": None,
        "restocked_quantity": 0,
        "received_sku": "S2",
    }
    document = {
        "id": "r",
        "external_id": "R1",
        "order": {"external_id": "A"},
        "type": "refund",
        "mode": "not_instant",
        "status": "Partly_Accepted",
        "currency": "GBP",
        "updated_at": "2026-01-02T10:00:00Z",
        "refunds": [{"id": "p", "amount": "76.4800", "currency": "EUR", "method": None, "status": "PAID"}],
        "return_items": [judged, {"id": "i2", "status": None}],
    }
    network.get(f"{STORE}/returns/r", json=document)
    found = reveni.return_("r")
    assert (found.external_id, found.order_external_id, found.status) == ("R1", "A", "partly_accepted")
    [paid] = found.refunds or ()
    assert (str(paid.amount), paid.status) == ("76.4800", "paid")
    first, second = found.items or ()
    assert (first.status, first.restocked_quantity, first.received_sku) == ("accepted", 0, "S2")
    assert (second.status, second.accepted_quantity, second.restocked_quantity) == ("", None, None)


def page(*returns: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    return {"results": list(returns), "next": following}


def test_the_returns_of_an_order_are_read_to_the_last_page(network: responses.RequestsMock, reveni: Reveni) -> None:
    following = f"{STORE}/returns?order_external_id=A%2F1&cursor=2"
    network.get(f"{STORE}/returns", json=page({"id": "r1"}, following=following))
    network.get(f"{STORE}/returns", json=page({"id": "r2"}))
    assert [found.id for found in reveni.returns_of_order("A/1")] == ["r1", "r2"]
    assert query(network, 0) == {"order_external_id": "A/1"}
    assert query(network, 1) == {"order_external_id": "A/1", "cursor": "2"}


def test_a_next_page_never_chooses_where_our_key_goes(network: responses.RequestsMock, reveni: Reveni) -> None:
    following = "https://reveni.test:1/elsewhere/returns?cursor=2"
    network.get(f"{STORE}/returns", json=page(following=following))
    network.get(f"{STORE}/returns", json=page())
    reveni.returns_of_order("A")
    assert network.calls[1].request.url == f"{STORE}/returns?cursor=2"


@pytest.mark.parametrize("following", ["https://evil.test/returns?cursor=2", "cursor=2", "https://[broken"])
def test_a_next_page_elsewhere_is_not_read(network: responses.RequestsMock, reveni: Reveni, following: str) -> None:
    network.get(f"{STORE}/returns", json=page({"id": "r1"}, following=following))
    with pytest.raises(Retryable, match="next page"):
        reveni.returns_of_order("A")


def test_pages_that_lead_in_a_circle_end(network: responses.RequestsMock, reveni: Reveni) -> None:
    network.get(f"{STORE}/returns", json=page(following=f"{STORE}/returns?cursor=1"))
    with pytest.raises(Retryable, match="circle"):
        list(reveni.returns_updated_since(MOMENT))


def test_whether_a_return_exists_is_not_decided_by_half_a_list(network: responses.RequestsMock, reveni: Reveni) -> None:
    network.get(f"{STORE}/returns", json=page({"external_id": "R1"}))
    with pytest.raises(Retryable, match="does not fit"):
        reveni.returns_of_order("A")


@pytest.mark.parametrize("body", [{"results": None, "next": None}, {"next": None}, {"results": []}, {}], ids=str)
def test_a_list_that_is_left_out_is_no_empty_list(
    network: responses.RequestsMock, reveni: Reveni, body: dict[str, Any]
) -> None:
    """M5: neither that a return is not there nor that nothing has changed is concluded from it."""
    network.get(f"{STORE}/returns", json=body)
    with pytest.raises(Retryable, match="does not fit"):
        reveni.returns_of_order("A")
    with pytest.raises(Retryable, match="does not fit"):
        list(reveni.returns_updated_since(MOMENT))


def test_a_changed_return_that_does_not_fit_hides_no_other(network: responses.RequestsMock, reveni: Reveni) -> None:
    network.get(f"{STORE}/returns", json=page({"external_id": "odd"}, {"id": "even"}))
    assert list(reveni.returns_updated_since(MOMENT)) == [[ReveniReturn(id="even")]]
    assert query(network) == {"updated_from": "2026-01-02T10:00:00Z"}


def test_a_return_is_canceled(network: responses.RequestsMock, reveni: Reveni) -> None:
    network.post(f"{STORE}/returns/r/cancel", json={})
    reveni.cancel_return("r")
    network.post(f"{STORE}/returns/r/cancel", status=409, json={"detail": "already judged"})
    with pytest.raises(Rejected, match="already judged"):
        reveni.cancel_return("r")


def test_webhooks_are_registered_listed_and_removed(network: responses.RequestsMock, reveni: Reveni) -> None:
    hook = {"id": "h", "url": "https://here.test", "event_types": ["return.created", "return.updated"]}
    network.post(f"{STORE}/webhooks", status=201, json=hook)
    network.get(f"{STORE}/webhooks", json={"results": [hook]})
    network.delete(f"{STORE}/webhooks/h", status=204)
    registered = reveni.register_webhook("https://here.test")
    # A recorded request has a body.
    assert decode(network.calls[0].request.body) == {k: v for k, v in hook.items() if k != "id"}  # type: ignore[arg-type]
    assert reveni.list_webhooks() == [registered] == [Webhook(**hook)]
    reveni.remove_webhook("h")
