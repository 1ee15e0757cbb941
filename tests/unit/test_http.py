"""The transport over real sockets: what left, what did not, and when it ends."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from decimal import Decimal
from typing import Any

import pytest

from integration import http
from integration.departure import NotSent
from integration.errors import BackhaulError, CredentialsRefused, OutcomeUnknown, Retryable
from integration.http import Ceiling, Operation, Transport
from tests.scripted_server import Received, Script, ScriptedServer, answer, reset
from tests.servers import free_port

READ = Operation("OR11", "GET", "/api/orders", replay_safe=True)
COUNTED = Operation("RT11", "GET", "/api/returns", replay_safe=True, ceilings=(Ceiling(1, 300),))
WRITE = Operation("OR28", "PUT", "/api/orders/refund", replay_safe=False)
ACCEPT = Operation("OR21", "PUT", "/api/orders/{order_id}/accept", replay_safe=False)

Serve = Callable[[Script], ScriptedServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as servers:
        yield lambda script: servers.enter_context(ScriptedServer(script))


def says(*answers: bytes) -> Script:
    """Give these answers one after the other, the last one for ever."""
    left = list(answers)
    return lambda connection, _: connection.sendall(left.pop(0) if len(left) > 1 else left[0])


def transport(server: ScriptedServer, **options: Any) -> Transport:
    return Transport(base_url=server.url, headers={"Authorization": "zzsecret"}, **{"deadline": 10.0, **options})


def raises(error: type[BackhaulError]) -> AbstractContextManager[pytest.ExceptionInfo[BackhaulError]]:
    """Exactly this class: CredentialsRefused is a Retryable too."""
    return pytest.raises(error, check=lambda raised: type(raised) is error)


class RecordingGate:
    """A gate that admits until it is closed."""

    def __init__(self) -> None:
        self.admitted: list[str] = []
        self.closed: list[tuple[str, float]] = []
        self.begun: list[str] = []

    def admit(self, operation: Operation) -> None:
        if self.closed:
            raise Retryable("closed", retry_after=self.closed[0][1])
        self.admitted.append(operation.code)

    def arrived(self, operation: Operation) -> None:
        self.begun.append(operation.code)

    def close(self, operation: Operation, seconds: float) -> None:
        self.closed.append((operation.code, seconds))


# What is sent


def test_a_call_carries_the_key_its_path_its_query_and_exact_amounts(serve: Serve) -> None:
    server = serve(says(answer(204, b"")))
    transport(server).call(
        ACCEPT,
        path={"order_id": "A/1 B"},
        params=[("shop_id", "7"), ("id", "x"), ("id", "y")],
        json={"amount": Decimal("10.50")},
    )
    (request,) = server.received
    assert request.target == "/api/orders/A%2F1%20B/accept?shop_id=7&id=x&id=y"
    assert request.body == b'{"amount": 10.50}'
    assert "Authorization: zzsecret" in request.head
    assert "Content-Type: application/json" in request.head
    assert "Accept: application/json" in request.head


def test_files_go_as_multipart(serve: Serve) -> None:
    server = serve(says(answer(201)))
    transport(server).call(WRITE, files={"file": ("stock.csv", b"a;b", "text/csv")})
    assert "multipart/form-data" in server.received[0].head
    assert b'name="file"; filename="stock.csv"' in server.received[0].body


def test_nothing_of_the_environment_gets_between(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert transport(serve(says(answer()))).call(READ).json() == {}


def test_a_call_is_logged_by_its_code_and_nothing_else(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="integration")
    transport(serve(says(answer(200, b'{"a": "zzbody"}')))).call(READ, params={"q": "zzquery"})
    (line,) = [record.getMessage() for record in caplog.records if record.name == "integration.http"]
    assert line.startswith("OR11 200 in ")
    assert "zz" not in line


def test_connections_are_kept(serve: Serve) -> None:
    server = serve(says(answer()))
    client = transport(server)
    for _ in range(3):
        client.call(WRITE, json={})
    assert server.connections == 1


def test_another_process_opens_connections_of_its_own(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(says(answer()))
    client = transport(server)
    client.call(READ)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    client.call(READ)
    assert server.connections == 2


def test_threads_share_a_transport(serve: Serve) -> None:
    def echo(connection: socket.socket, request: Received) -> None:
        connection.sendall(answer(200, request.body))

    client = transport(serve(echo))
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda number: client.call(WRITE, json=number).json(), range(100)))
    assert replies == list(range(100))


# What provably never left


def test_a_refused_connection_never_left() -> None:
    client = Transport(base_url=f"http://127.0.0.1:{free_port()}", headers={})
    with raises(NotSent):
        client.call(WRITE, json={})


def test_an_unknown_host_never_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with raises(NotSent):
        Transport(base_url="http://nowhere.test", headers={}).call(WRITE, json={})


def test_a_failed_tls_handshake_never_left(serve: Serve) -> None:
    def no_tls(connection: socket.socket, _: Received) -> None:
        connection.sendall(answer(400, b"this is not https"))

    server = serve(no_tls)
    client = Transport(base_url=server.url.replace("http", "https"), headers={}, deadline=2.0, connect_timeout=0.5)
    with raises(NotSent):
        client.call(WRITE, json={"money": 1})
    assert not any(b"money" in request.body for request in server.received)


def test_what_the_last_look_raises_stops_the_call(serve: Serve) -> None:
    def too_late(operation: Operation) -> None:
        raise Retryable(f"{operation.code}: the claim is gone")

    server = serve(says(answer()))
    with pytest.raises(Retryable, match="OR28: the claim is gone"):
        transport(server, before_send=too_late).call(WRITE, json={})
    assert server.received == []


def test_a_process_that_was_stopped_until_its_time_was_over_sends_nothing(serve: Serve) -> None:
    server = serve(says(answer()))
    with raises(NotSent):
        transport(server, deadline=0.2, before_send=lambda _: time.sleep(0.4)).call(WRITE, json={})
    assert server.received == []


def test_what_has_not_left_is_tried_again_even_if_it_is_a_write_or_counts(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, server = RecordingGate(), serve(says(answer()))
    connect = socket.socket.connect
    for operation in (WRITE, COUNTED):
        refusals: list[OSError] = [ConnectionRefusedError(), ConnectionRefusedError()]

        def refused_twice(self: socket.socket, address: Any, refusals: list[OSError] = refusals) -> None:
            if refusals:
                raise refusals.pop()
            connect(self, address)

        monkeypatch.setattr(socket.socket, "connect", refused_twice)
        transport(server, gate=gate).call(operation)
    assert len(server.received) == 2
    assert gate.admitted == ["OR28", "RT11"]


# What may have left


def test_a_kept_connection_that_breaks_never_sends_a_write_again(serve: Serve) -> None:
    def second_time_reset(connection: socket.socket, request: Received) -> None:
        if request.body == b'"second"':
            reset(connection)
        else:
            connection.sendall(answer())

    server = serve(second_time_reset)
    client = transport(server)
    client.call(WRITE, json="first")
    with raises(OutcomeUnknown):
        client.call(WRITE, json="second")
    assert [request.body for request in server.received] == [b'"first"', b'"second"']
    assert server.connections == 1


def close(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n",
        b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half": ',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"half": ',
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"garbage\r\n\r\n",
    ],
)
def test_half_an_answer_is_none(serve: Serve, part: bytes) -> None:
    def half(connection: socket.socket, _: Received) -> None:
        connection.sendall(part)
        close(connection)

    server = serve(half)
    with raises(OutcomeUnknown):
        transport(server).call(WRITE, json={}).json()
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
    ],
    ids=["silence", "headers that drip", "a body that drips", "a body without a length that drips"],
)
def test_the_deadline_is_total_however_slowly_the_answer_comes(serve: Serve, first: bytes) -> None:
    over = threading.Event()

    def drip(connection: socket.socket, _: Received) -> None:
        connection.sendall(first)
        while not over.wait(0.05):
            if first:
                connection.sendall(b"7")

    started = time.monotonic()
    try:
        with raises(OutcomeUnknown):
            transport(serve(drip), deadline=0.5).call(WRITE, json={})
    finally:
        over.set()
    assert time.monotonic() - started < 8


def test_a_redirect_is_not_followed(serve: Serve) -> None:
    elsewhere = serve(says(answer()))
    server = serve(says(answer(307, b"", Location=elsewhere.url)))
    with raises(OutcomeUnknown):
        transport(server).call(WRITE, json={})
    assert elsewhere.received == []


def test_an_answer_that_never_ends_is_not_kept_in_memory(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LARGEST_BODY", 1000)
    with raises(OutcomeUnknown):
        transport(serve(says(answer(200, b"7" * 5000)))).call(WRITE, json={})


# What is repeated


def test_a_read_is_repeated(serve: Serve) -> None:
    server = serve(says(answer(503), answer(500), answer(200, b"1")))
    assert transport(server).call(READ).json() == 1
    assert len(server.received) == 3


def test_a_read_is_not_repeated_for_ever(serve: Serve) -> None:
    server = serve(says(answer(503)))
    with raises(Retryable):
        transport(server, attempts=2).call(READ)
    assert len(server.received) == 2


def test_a_read_whose_connection_broke_is_repeated(serve: Serve) -> None:
    def first_time_reset(connection: socket.socket, request: Received) -> None:
        if request.connection == 1:
            reset(connection)
        else:
            connection.sendall(answer(200, b"1"))

    assert transport(serve(first_time_reset)).call(READ).json() == 1


def test_repeats_stay_within_the_deadline(serve: Serve) -> None:
    server = serve(says(answer(503)))
    started = time.monotonic()
    with raises(Retryable):
        transport(server, deadline=0.6, attempts=1000).call(READ)
    assert time.monotonic() - started < 8
    assert len(server.received) < 1000


def test_a_write_is_never_repeated(serve: Serve) -> None:
    server = serve(says(answer(503)))
    with raises(OutcomeUnknown):
        transport(server).call(WRITE, json={})
    assert len(server.received) == 1


def test_refused_credentials_are_not_tried_again(serve: Serve) -> None:
    server = serve(says(answer(401)))
    with raises(CredentialsRefused):
        transport(server).call(READ)
    assert len(server.received) == 1


def test_a_short_pause_is_slept_and_a_long_one_is_handed_to_the_caller(serve: Serve) -> None:
    server = serve(says(answer(429, Retry_After="0"), answer(429, Retry_After="60")))
    with raises(Retryable) as told:
        transport(server).call(READ)
    assert told.value.retry_after == 60  # type: ignore[attr-defined]  # a Retryable has it
    assert len(server.received) == 2


# The gate


def test_the_gate_is_asked_before_every_call_that_counts(serve: Serve) -> None:
    gate, server = RecordingGate(), serve(says(answer()))
    client = transport(server, gate=gate)
    client.call(COUNTED)
    client.call(COUNTED, counted=False)
    assert gate.admitted == ["RT11"]


def test_a_call_that_counts_is_not_repeated(serve: Serve) -> None:
    server = serve(says(answer(503)))
    with raises(Retryable):
        transport(server, gate=RecordingGate()).call(COUNTED)
    assert len(server.received) == 1


def test_a_429_closes_the_gate_for_the_fleet(serve: Serve) -> None:
    gate, server = RecordingGate(), serve(says(answer(429, Retry_After="42")))
    client = transport(server, gate=gate)
    for _ in range(2):
        with raises(Retryable) as told:
            client.call(COUNTED)
        assert told.value.retry_after == 42  # type: ignore[attr-defined]  # a Retryable has it
    assert gate.closed == [("RT11", 42.0)]
    assert len(server.received) == 1


def test_the_interval_of_a_counted_call_begins_when_it_is_over_however_it_ends(serve: Serve) -> None:
    gate = RecordingGate()
    over = transport(serve(says(answer(200, b"{}"), answer(500, b""))), gate=gate)
    over.call(COUNTED)
    with pytest.raises(Retryable):
        over.call(COUNTED)
    over_uncounted = transport(serve(says(answer(200, b"{}"))), gate=gate)
    over_uncounted.call(COUNTED, counted=False)
    assert gate.begun == gate.admitted == [COUNTED.code, COUNTED.code]
