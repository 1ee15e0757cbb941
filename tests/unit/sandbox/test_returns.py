"""RT11 and the steps RT21, RT25, RT26, RT27 and RT29."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integration.sandbox import SandboxClient
from integration.sandbox.wire import timestamp
from tests.unit.sandbox.caller import Caller

STEPS = {"RT21": "accept", "RT25": "receive", "RT26": "compliance", "RT27": "close", "RT29": "cancel"}
COMPLIANT = [{"order_line_id": "O-1", "compliant": True}, {"order_line_id": "O-2", "compliant": True}]


@pytest.fixture
def return_id(sandbox: SandboxClient) -> str:
    sandbox.seed_order(order_id="O", state="RECEIVED", lines=[{"sku": "A"}, {"sku": "B"}])
    return opened(sandbox)


def opened(sandbox: SandboxClient, state: str = "WAITING_ACCEPTANCE") -> str:
    lines = [
        {"order_line_id": "O-1", "quantity": 1, "reason_code": "RETURN_CHANGED_MIND"},
        {"order_line_id": "O-2", "quantity": 1},
    ]
    return sandbox.open_return("O", lines, state=state, reason_code="RETURN_OTHER")


def step(caller: Caller, operation: str, *entries: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The ids that were moved, and the messages of the others."""
    reply = caller.mirakl("PUT", f"/returns/{STEPS[operation]}", {"returns": list(entries)})
    assert reply.status == 200
    moved = [each["id"] for each in reply.json["return_success"]]
    return moved, [each["message"] for each in reply.json["return_errors"]]


def listed(caller: Caller, **query: Any) -> list[str]:
    return [each["id"] for each in caller.mirakl("GET", "/returns", query=query).json["data"]]


def test_a_return_goes_from_acceptance_to_its_end(sandbox: SandboxClient, caller: Caller, return_id: str) -> None:
    assert step(caller, "RT21", {"id": return_id, "accepted": True}) == ([return_id], [])
    assert step(caller, "RT25", {"id": return_id}) == ([return_id], [])
    assert step(caller, "RT26", {"id": return_id, "return_lines": COMPLIANT}) == ([return_id], [])
    assert step(caller, "RT27", {"id": return_id}) == ([return_id], [])
    books = sandbox.books()
    assert books["returns"] == {return_id: "CLOSED"}
    assert books["compliance"][return_id]["O-1"][0]["compliant"] is True
    assert (books["illegal_return_steps"], books["repeated_return_steps"]) == (0, 0)


def test_a_refused_return_keeps_its_reason(caller: Caller, return_id: str) -> None:
    code = "RETURN_REJECTION_WINDOW_CLOSED"
    step(caller, "RT21", {"id": return_id, "accepted": False, "rejection_reason_code": code})
    found = caller.mirakl("GET", "/returns").json["data"][0]
    assert (found["state"], found["rejection_reason_code"]) == ("REFUSED", code)


def test_one_refused_return_does_not_stop_the_others(sandbox: SandboxClient, caller: Caller, return_id: str) -> None:
    received = opened(sandbox, "RECEIVED")
    moved, errors = step(caller, "RT27", {"id": return_id}, {"id": received}, {"id": "none"})
    assert moved == [received]
    assert errors == ["Return is in invalid state", "The return does not exist."]


@pytest.mark.parametrize(
    ("operation", "state"),
    [
        ("RT21", "RECEIVED"),
        ("RT21", "CANCELED"),
        ("RT25", "WAITING_ACCEPTANCE"),
        ("RT26", "IN_PROGRESS"),
        ("RT27", "IN_PROGRESS"),
        ("RT29", "RECEIVED"),
    ],
)
def test_a_step_out_of_order_is_refused_and_counted(
    sandbox: SandboxClient, caller: Caller, return_id: str, operation: str, state: str
) -> None:
    sandbox.set_return_state(return_id, state)
    entry = {"id": return_id, "accepted": True, "return_lines": COMPLIANT}
    assert step(caller, operation, entry) == ([], ["Return is in invalid state"])
    books = sandbox.books()
    assert books["returns"][return_id] == state
    assert books["illegal_return_steps"] + books["repeated_return_steps"] == 1


def test_a_step_taken_twice_is_refused_but_told_from_one_out_of_order(
    sandbox: SandboxClient, caller: Caller, return_id: str
) -> None:
    for operation in ("RT21", "RT25", "RT26", "RT27"):
        entry = {"id": return_id, "accepted": True, "return_lines": COMPLIANT}
        assert step(caller, operation, entry)[0] == [return_id]
        assert step(caller, operation, entry) == ([], ["Return is in invalid state"])
    assert sandbox.books()["repeated_return_steps"] == 4
    assert sandbox.books()["illegal_return_steps"] == 0


def test_compliance_must_name_every_line(sandbox: SandboxClient, caller: Caller, return_id: str) -> None:
    sandbox.set_return_state(return_id, "RECEIVED")
    _, errors = step(caller, "RT26", {"id": return_id, "return_lines": COMPLIANT[:1]})
    assert errors == ["The compliance has not been specified on the following order lines: O-2"]


@pytest.mark.parametrize(
    "assessment",
    [
        {"compliant": "yes"},
        {"compliant": False},
        {"compliant": False, "non_compliance_reason_code": "RETURN_NOT_NICE"},
    ],
)
def test_a_malformed_compliance_is_refused(
    sandbox: SandboxClient, caller: Caller, return_id: str, assessment: dict[str, Any]
) -> None:
    sandbox.set_return_state(return_id, "RECEIVED")
    lines = [COMPLIANT[0], {"order_line_id": "O-2", **assessment}]
    moved, errors = step(caller, "RT26", {"id": return_id, "return_lines": lines})
    assert moved == []
    assert len(errors) == 1


@pytest.mark.parametrize("entry", [{}, {"accepted": False, "rejection_reason_code": "NO"}])
def test_a_malformed_acceptance_is_refused(caller: Caller, return_id: str, entry: dict[str, Any]) -> None:
    assert step(caller, "RT21", {"id": return_id, **entry})[0] == []


def test_a_return_can_be_canceled_until_it_is_received(sandbox: SandboxClient, caller: Caller, return_id: str) -> None:
    assert step(caller, "RT29", {"id": return_id})[0] == [return_id]
    under_way = opened(sandbox, "IN_PROGRESS")
    sandbox.cancel_return(under_way)
    assert sandbox.books()["returns"][under_way] == "CANCELED"


@pytest.mark.parametrize("returns", [[], ["id"], [{"accepted": True}], [{"id": "x"}] * 101])
def test_between_one_and_a_hundred_returns_are_moved_at_once(caller: Caller, returns: list[Any]) -> None:
    assert caller.mirakl("PUT", "/returns/accept", {"returns": returns}).status == 400


def test_returns_are_filtered_by_repeated_parameters(sandbox: SandboxClient, caller: Caller, return_id: str) -> None:
    other = opened(sandbox, "IN_PROGRESS")
    assert listed(caller, return_state=["IN_PROGRESS", "RECEIVED"]) == [other]
    assert listed(caller, return_id=[return_id, other]) == [return_id, other]
    assert listed(caller, order_commercial_id="O", order_line_id="O-1") == [return_id, other]
    assert listed(caller, order_line_id="O-9") == []
    past = timestamp(datetime.now(UTC) - timedelta(hours=1))
    coming = timestamp(datetime.now(UTC) + timedelta(hours=1))
    assert len(listed(caller, return_last_updated_from=past, return_creation_date_to=coming)) == 2
    assert listed(caller, return_last_updated_from=coming) == []
    assert listed(caller, return_creation_date_to=past) == []


def test_a_page_token_overrides_every_other_parameter(sandbox: SandboxClient, caller: Caller) -> None:
    sandbox.seed_order(order_id="O", state="RECEIVED", lines=[{"sku": "A"}, {"sku": "B"}])
    ids = [opened(sandbox, "IN_PROGRESS") for _ in range(5)]
    first = caller.mirakl("GET", "/returns", query={"limit": 2, "return_state": "IN_PROGRESS"}).json
    assert "previous_page_token" not in first
    query = {"page_token": first["next_page_token"], "limit": 100, "return_state": "CLOSED"}
    second = caller.mirakl("GET", "/returns", query=query).json
    assert [each["id"] for each in second["data"]] == ids[2:4]
    third = caller.mirakl("GET", "/returns", query={"page_token": second["next_page_token"]}).json
    assert [each["id"] for each in third["data"]] == ids[4:]
    assert "next_page_token" not in third
    back = caller.mirakl("GET", "/returns", query={"page_token": third["previous_page_token"]}).json
    assert [each["id"] for each in back["data"]] == ids[2:4]


@pytest.mark.parametrize("token", ["nonsense", "e30=", "W10="])
def test_a_foreign_page_token_is_refused(caller: Caller, token: str) -> None:
    assert caller.mirakl("GET", "/returns", query={"page_token": token}).status == 400


def test_a_return_needs_an_order_a_line_and_a_state(sandbox: SandboxClient, return_id: str) -> None:
    with pytest.raises(Exception, match=r"has no line O-9"):
        sandbox.open_return("O", [{"order_line_id": "O-9", "quantity": 1}])
    with pytest.raises(Exception, match=r"not a state"):
        sandbox.open_return("O", [{"order_line_id": "O-1", "quantity": 1}], state="LOST")
    with pytest.raises(Exception, match=r"not a state"):
        sandbox.set_return_state(return_id, "LOST")
