"""Reveni's webhooks: registration and signed deliveries."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from integration.sandbox import SandboxClient
from tests.servers import free_port, wait_until
from tests.unit.sandbox.caller import Caller
from tests.unit.sandbox.test_reveni import new_return

BOTH = ["return.created", "return.updated"]


class Receiver:
    """A web server that keeps what it is sent."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append((self.headers["X-REVENI-SIGNATURE"], body))
                self.send_response(202)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhooks/reveni"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.received]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


def register(caller: Caller, url: str, types: Any = BOTH) -> Any:
    return caller.reveni("POST", "webhooks", {"event_types": types, "url": url})


def test_a_webhook_is_registered_listed_and_removed(caller: Caller) -> None:
    created = register(caller, "https://backhaul.example/webhooks/reveni")
    assert created.status == 201
    assert set(created.json) == {"id", "url", "event_types"}
    assert caller.reveni("GET", "webhooks").json["results"] == [created.json]
    assert caller.reveni("DELETE", f"webhooks/{created.json['id']}").status == 204
    assert caller.reveni("DELETE", f"webhooks/{created.json['id']}").status == 404


@pytest.mark.parametrize(
    ("url", "types"),
    [("ftp://x.example", BOTH), ("https://x.example", []), ("https://x.example", ["refund"]), ("https://x", "all")],
)
def test_a_malformed_registration_is_refused(caller: Caller, url: str, types: Any) -> None:
    assert register(caller, url, types).status == 400


def test_an_event_is_signed_over_the_time_as_sent_and_the_raw_body(
    sandbox: SandboxClient, caller: Caller, receiver: Receiver
) -> None:
    register(caller, receiver.url, ["return.updated"])
    return_id = caller.reveni("POST", "returns", new_return()).json["id"]
    sandbox.judge("R", "O-1", accepted=1)
    wait_until(lambda: len(receiver.received) == 1)
    header, body = receiver.received[0]
    t, v1 = (part.partition("=")[2] for part in header.split(","))
    key = caller.options.reveni_key.encode()
    assert v1 == hmac.new(key, t.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert abs(float(t) - time.time()) < 60
    event = receiver.events()[0]
    assert (event["event"], event["data"]["resource_id"], event["data"]["resource"]) == (
        "return.updated",
        return_id,
        "return",
    )
    assert (event["data"]["amount"], event["data"]["currency"]) == ("50.0000", "GBP")
    assert len(event["id"]) == 32
    assert isinstance(event["created"], int)


def test_events_can_be_lost_doubled_repeated_forged_and_stale(
    sandbox: SandboxClient, caller: Caller, receiver: Receiver
) -> None:
    register(caller, receiver.url)
    sandbox.set_deliveries_per_event(0)
    caller.reveni("POST", "returns", new_return())
    sandbox.set_deliveries_per_event(2)
    sandbox.judge("R", "O-1", accepted=1)
    wait_until(lambda: len(receiver.received) == 2)
    first, second = receiver.events()
    assert first == second
    assert first["event"] == "return.updated"

    again = sandbox.send_webhook("R", event="return.created", event_id=first["id"], key="forged", age=900)
    assert again == first["id"]
    wait_until(lambda: len(receiver.received) == 3)
    header, body = receiver.received[2]
    t = header.split(",")[0].removeprefix("t=")
    assert time.time() - float(t) > 800
    assert hmac.new(b"forged", f"{t}.".encode() + body, hashlib.sha256).hexdigest() in header
    wait_until(lambda: [each["status"] for each in sandbox.books()["deliveries"]] == [202, 202, 202])


def test_a_receiver_that_is_not_there_misses_the_event(sandbox: SandboxClient, caller: Caller) -> None:
    register(caller, f"http://127.0.0.1:{free_port()}/nobody")
    caller.reveni("POST", "returns", new_return())
    wait_until(lambda: len(sandbox.books()["deliveries"]) == 1)
    assert sandbox.books()["deliveries"][0]["status"] is None


def test_a_receiver_that_never_answers_holds_nothing_up(sandbox: SandboxClient, caller: Caller) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        register(caller, f"http://127.0.0.1:{silent.getsockname()[1]}/")
        assert caller.reveni("POST", "returns", new_return()).status == 201
        wait_until(lambda: len(sandbox.books()["deliveries"]) == 1)
        sandbox.reset()
        assert sandbox.books()["deliveries"] == []
