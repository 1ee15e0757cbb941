"""What reaches Sentry over the wire, and what must never be in it."""

from __future__ import annotations

import gzip
import json
import logging
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import sentry_sdk

from integration import sentry
from integration.errors import CredentialsRefused, Held, OutcomeUnknown, Rejected, Retryable
from integration.settings import Settings
from tests.scripted_server import Received, ScriptedServer, answer

SHOPPER = "zz.canary@example.com"
LOG = logging.getLogger("integration.example")

Sent = Callable[[], list[dict[str, Any]]]


def accept(connection: socket.socket, _request: Received) -> None:
    connection.sendall(answer())


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(accept) as running:
        yield running


@pytest.fixture(autouse=True)
def switched_off_again() -> Iterator[None]:
    yield
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().clear()
    sentry_sdk.get_global_scope().set_client(None)
    sentry_sdk.get_isolation_scope().clear()


@pytest.fixture
def sent(server: ScriptedServer) -> Sent:
    """Starts Sentry as a process does; returns what has arrived at its server, event by event."""
    sentry.start(settings(server.url.replace("http://", "http://public-key@") + "/1"), "refund")

    def events() -> list[dict[str, Any]]:
        sentry_sdk.flush(20)
        return [event for request in server.received for event in events_in(request)]

    return events


def settings(dsn: str | None) -> Settings:
    return Settings.model_validate(
        {
            "mirakl_base_url": "https://example.mirakl.net",
            "mirakl_api_key": "mirakl-secret",
            "mirakl_shop_id": "2001",
            "reveni_store_id": "store",
            "reveni_api_key": "reveni-secret",
            "sentry_dsn": dsn,
            "sentry_environment": "test",
        }
    )


def events_in(request: Received) -> list[dict[str, Any]]:
    """An envelope is a header, then a header and a document for each item; there are counts besides events."""
    lines = [json.loads(line) for line in gzip.decompress(request.body).splitlines()]
    return [event for kind, event in zip(lines[1::2], lines[2::2], strict=True) if kind["type"] == "event"]


def fail(error: Exception) -> None:
    secret = SHOPPER  # a local variable, which would be shown with its value
    try:
        raise error
    except type(error):
        LOG.exception("it failed", extra={"order": {"customer": {"firstname": secret}, "lines": [{"city": secret}]}})


def test_without_an_address_nothing_is_started() -> None:
    sentry.start(settings(None), "web")
    assert not sentry_sdk.get_client().is_active()


def test_an_error_of_ours_arrives_with_its_words_and_its_place(sent: Sent) -> None:
    fail(Rejected("OR28: the line does not exist", status=404))
    (event,) = sent()
    (shown,) = event["exception"]["values"]
    assert (shown["type"], shown["value"]) == ("Rejected", "OR28: the line does not exist")
    assert shown["stacktrace"]["frames"][-1]["function"] == "fail"
    assert event["tags"] == {"process": "refund", "shop": "2001"}
    assert event["environment"] == "test"
    assert event["logentry"]["message"] == "it failed"


def test_a_shopper_is_nowhere_in_an_event(sent: Sent, server: ScriptedServer) -> None:
    logging.getLogger("urllib3").warning("a breadcrumb of %s", SHOPPER)
    logging.getLogger("asyncio").error("it failed for %s", SHOPPER)
    fail(ValueError(SHOPPER))
    assert len(sent()) == 2
    assert all(SHOPPER.encode() not in gzip.decompress(request.body) for request in server.received)


@pytest.mark.parametrize(
    "error",
    [
        Retryable("later"),
        CredentialsRefused("a person mends the key"),
        OutcomeUnknown("only reading settles it"),
        Held("exceeds_remaining", "a person decides"),
    ],
)
def test_what_needs_no_change_of_the_code_does_not_arrive(sent: Sent, error: Exception) -> None:
    fail(error)
    assert sent() == []


def test_alerts_arrive_as_one_issue_for_each_kind_and_reason(sent: Sent) -> None:
    for subject in ("r1", "r2"):
        LOG.error("held: %s", subject, extra={"alert": "held", "reason": "unmapped_return_reason"})
    LOG.critical("order o1 has used 90 % of its acceptance time", extra={"alert": "acceptance_sla"})
    events = sent()
    assert [event["fingerprint"] for event in events] == [
        ["alert", "held", "unmapped_return_reason"],
        ["alert", "held", "unmapped_return_reason"],
        ["alert", "acceptance_sla", ""],
    ]
    assert {event["tags"]["alert"] for event in events} == {"held", "acceptance_sla"}


def test_our_own_lines_lead_up_to_an_error(sent: Sent) -> None:
    logging.getLogger("integration").setLevel(logging.INFO)
    LOG.info("refund r1 claimed")
    fail(RuntimeError("words"))
    (event,) = sent()
    assert [crumb["message"] for crumb in event["breadcrumbs"]["values"]] == ["refund r1 claimed"]


def test_foreign_calls_carry_no_trace_headers(sent: Sent) -> None:
    with ScriptedServer(accept) as mirakl:
        requests.get(mirakl.url, timeout=20)
    assert "sentry" not in mirakl.received[0].head.lower()
    assert "baggage" not in mirakl.received[0].head.lower()
    assert sent() == []


def test_the_errors_of_one_outage_are_one_event(sent: Sent) -> None:
    """S6: whatever number of tasks met it."""
    for _ in range(20):
        sentry_sdk.capture_exception(TimeoutError())
    assert len(sent()) == 1
