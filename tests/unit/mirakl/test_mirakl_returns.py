"""Returns: polling, single reads, and writes whose 200 may hold failures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import responses

from integration.errors import OutcomeUnknown, Retryable
from integration.mirakl.client import LineCompliance, Mirakl, ReturnCompliance, ReturnResults
from integration.mirakl.operations import RT11
from integration.mirakl.wire import Return
from tests.unit.mirakl.network import URL, CountingGate, body, query

RETURNS = f"{URL}/api/returns"
MOMENT = datetime(2026, 1, 2, 10, 0, 0, 999_999, tzinfo=UTC)


def page(*ids: str, following: str | None = None) -> dict[str, Any]:
    return {"data": [{"id": key, "order_id": "A"} for key in ids], "next_page_token": following}


def test_all_pages_are_read_and_count_once(network: responses.RequestsMock, mirakl: Mirakl, gate: CountingGate) -> None:
    network.get(RETURNS, json=page("R1", "R2", following="token/2="))
    network.get(RETURNS, json=page("R3"))
    pages = list(mirakl.returns_updated_since(MOMENT))
    assert [[found.id for found in returns] for returns in pages] == [["R1", "R2"], ["R3"]]
    since = {"return_last_updated_from": "2026-01-02T10:00:00Z", "limit": "100"}
    assert query(network, 0) == {"shop_id": "7", **since}
    assert query(network, 1) == {"shop_id": "7", "page_token": "token/2="}
    assert gate.counted == [RT11]


def test_a_moment_is_asked_for_in_utc(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    network.get(RETURNS, json=page())
    list(mirakl.returns_updated_since(MOMENT.astimezone(timezone(timedelta(hours=2)))))
    assert query(network)["return_last_updated_from"] == "2026-01-02T10:00:00Z"
    with pytest.raises(ValueError, match="time zone"):
        list(mirakl.returns_updated_since(MOMENT.replace(tzinfo=None)))


def test_pages_that_lead_in_a_circle_end(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    network.get(RETURNS, json=page("R1", following="again"))
    with pytest.raises(Retryable, match="circle"):
        list(mirakl.returns_updated_since(MOMENT))


def test_returns_that_are_read_by_id_count_as_the_poll_does(
    network: responses.RequestsMock, mirakl: Mirakl, gate: CountingGate
) -> None:
    """P1: Mirakl publishes one call in five minutes, and makes no exception for ids."""
    network.get(RETURNS, json=page("R1"))
    ids = [f"R{number}" for number in range(101)]
    assert [found.id for found in mirakl.returns(ids)] == ["R1", "R1"]
    assert query(network, 0)["return_id"] == ids[:100]
    assert [operation.code for operation in gate.counted] == ["RT11", "RT11"]


def test_a_return_that_does_not_fit_hides_no_other(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    network.get(RETURNS, json={"data": [{"id": "odd"}, {"id": "even", "order_id": "A"}]})
    assert [found.id for found in mirakl.returns(["odd", "even"])] == ["even"]


def test_a_line_has_its_own_reason_or_else_the_returns() -> None:
    lines = [
        {"order_line_id": "A-1", "quantity": 1, "reason_code": "RETURN_OTHER"},
        {"order_line_id": "A-2", "quantity": 2, "compliance": None},
        {"order_line_id": "A-3", "quantity": 1, "compliance": [{"compliant": True}]},
    ]
    found = Return.model_validate(
        {"id": "R", "order_id": "A", "state": None, "reason_code": "RETURN_BROKEN_ITEM", "return_lines": lines}
    )
    reasons = [found.reason_of(line) for line in found.return_lines]
    assert reasons == ["RETURN_OTHER", "RETURN_BROKEN_ITEM", "RETURN_BROKEN_ITEM"]
    assert [bool(line.compliance) for line in found.return_lines] == [False, False, True]
    assert found.state == ""


@pytest.mark.parametrize(
    ("path", "call", "sent"),
    [
        (
            "accept",
            lambda m: m.accept_returns([("R1", True), ("R2", False)]),
            [{"accepted": True}, {"accepted": False}],
        ),
        ("receive", lambda m: m.receive_returns(["R1", "R2"]), [{}, {}]),
        ("close", lambda m: m.close_returns(["R1", "R2"]), [{}, {}]),
        ("cancel", lambda m: m.cancel_returns(["R1", "R2"]), [{}, {}]),
    ],
)
def test_each_return_of_a_write_went_through_or_did_not(
    network: responses.RequestsMock,
    mirakl: Mirakl,
    path: str,
    call: Callable[[Mirakl], ReturnResults],
    sent: list[dict[str, Any]],
) -> None:
    network.put(
        f"{RETURNS}/{path}",
        json={
            "return_success": [{"id": "R1"}],
            "return_errors": [{"id": "R2", "message": "Return is in invalid state"}],
        },
    )
    assert call(mirakl) == ReturnResults(frozenset({"R1"}), {"R2": "Return is in invalid state"})
    assert body(network)["returns"] == [{"id": key, **more} for key, more in zip(["R1", "R2"], sent, strict=True)]


def test_an_assessment_names_every_line(network: responses.RequestsMock, mirakl: Mirakl) -> None:
    network.put(f"{RETURNS}/compliance", json={"return_success": [{"id": "R1"}], "return_errors": None})
    good = LineCompliance("A-1", compliant=True)
    bad = LineCompliance("A-2", compliant=False, non_compliance_reason_code="RETURN_NON_COMPLIANT_OTHER")
    mirakl.assess_returns([ReturnCompliance("R1", (good, bad))])
    lines = [
        {"order_line_id": "A-1", "compliant": True},
        {"order_line_id": "A-2", "compliant": False, "non_compliance_reason_code": "RETURN_NON_COMPLIANT_OTHER"},
    ]
    assert body(network) == {"returns": [{"id": "R1", "return_lines": lines}]}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"return_success": [{"id": "other"}], "return_errors": [{"id": None, "message": "?"}]},
        {"return_success": [{"id": "R1"}], "return_errors": [{"id": "R1", "message": "both"}]},
    ],
)
def test_an_answer_that_leaves_a_return_in_doubt_is_unknown(
    network: responses.RequestsMock, mirakl: Mirakl, answer: dict[str, Any]
) -> None:
    network.put(f"{RETURNS}/close", json=answer)
    with pytest.raises(OutcomeUnknown, match="RT27"):
        mirakl.close_returns(["R1"])


@pytest.mark.parametrize("shown", ["null", "missing"])
def test_a_list_that_is_left_out_is_no_empty_list(network: responses.RequestsMock, mirakl: Mirakl, shown: str) -> None:
    """M5: no return, offer, reason or tax is missing from a list that Mirakl leaves out: it is read again."""
    lists: list[tuple[str, str, Callable[[], object]]] = [
        (RETURNS, "data", lambda: list(mirakl.returns_updated_since(MOMENT))),
        (f"{URL}/api/returns", "data", lambda: mirakl.returns(["R1"])),
        (f"{URL}/api/offers", "offers", lambda: mirakl.offers("SKU-1")),
        (f"{URL}/api/reasons", "reasons", mirakl.reasons),
        (f"{URL}/api/orders/taxes", "taxes", mirakl.taxes),
    ]
    for address, field, read in lists:
        network.get(address, json={field: None} if shown == "null" else {})
        with pytest.raises(Retryable, match="does not fit"):
            read()
