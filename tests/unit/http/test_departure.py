"""The transport over real sockets: what provably never left, what may have, and when it ends."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from integration.departure import Departure, NotSent, leaving_before
from integration.errors import OutcomeUnknown
from integration.http import Transport
from tests.scripted_server import Received, answer, reset
from tests.servers import free_port
from tests.unit.http.calls import COUNTED, WRITE, RecordingGate, Serve, raises, says, transport

# What provably never left


@pytest.mark.crash_matrix(12)
def test_a_refused_connection_never_left() -> None:
    client = Transport(base_url=f"http://127.0.0.1:{free_port()}", headers={})
    with raises(NotSent):
        client.call(WRITE, json={})


@pytest.mark.crash_matrix(12)
def test_an_unknown_host_never_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with raises(NotSent):
        Transport(base_url="http://nowhere.test", headers={}).call(WRITE, json={})


@pytest.mark.crash_matrix(12)
def test_a_connection_that_nobody_takes_in_time_never_left() -> None:
    with ExitStack() as open_ones:
        listener = open_ones.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # whoever comes after those that fit is not answered at all
            waiting = open_ones.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        client = Transport(base_url=url, headers={}, connect_timeout=0.2, deadline=1.0, attempts=1)
        with pytest.raises(NotSent, match="Timeout"):
            client.call(WRITE, json={})


@pytest.mark.crash_matrix(12)
def test_a_failed_tls_handshake_never_left(serve: Serve) -> None:
    def no_tls(connection: socket.socket, _: Received) -> None:
        connection.sendall(answer(400, b"this is not https"))

    server = serve(no_tls)
    client = Transport(base_url=server.url.replace("http", "https"), headers={}, deadline=2.0, connect_timeout=0.5)
    with raises(NotSent):
        client.call(WRITE, json={"money": 1})
    assert not any(b"money" in request.body for request in server.received)


@pytest.fixture
def stopped_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process stands still for 0.4 s on its way to the first byte, with the connection open."""
    leaving = Departure.leaving

    def later(departure: Departure, connected: socket.socket) -> None:
        time.sleep(0.4)
        leaving(departure, connected)

    monkeypatch.setattr(Departure, "leaving", later)


@pytest.mark.usefixtures("stopped_on_the_way")
def test_a_process_that_was_stopped_until_its_time_was_over_sends_nothing(serve: Serve) -> None:
    server = serve(says(answer()))
    with raises(NotSent):
        transport(server, deadline=0.2).call(WRITE, json={})
    assert server.received == []


@pytest.mark.crash_matrix(17)
@pytest.mark.usefixtures("stopped_on_the_way")
def test_a_process_that_was_stopped_until_its_claim_was_over_sends_nothing(serve: Serve) -> None:
    server = serve(says(answer()))
    client = transport(server, attempts=1)
    with leaving_before(time.monotonic() + 0.2), raises(NotSent):
        client.call(WRITE, json={})
    assert server.received == []
    client.call(WRITE, json={})
    assert len(server.received) == 1


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


def test_an_answer_that_never_ends_is_not_kept_in_memory(serve: Serve) -> None:
    """H3: each operation has a largest answer."""
    with raises(OutcomeUnknown):
        transport(serve(says(answer(200, b"7" * 5000)))).call(replace(WRITE, largest_body=1000), json={})


def test_no_cookie_is_kept_or_sent(serve: Serve) -> None:
    """H4: a balancer's cookies would grow from answer to answer."""
    server = serve(says(answer(200, b"{}", **{"Set-Cookie": "route=1; Path=/"})))
    caller = transport(server)
    for _ in range(2):
        caller.call(WRITE, json={})
    assert all("cookie" not in str(received).lower() for received in server.received)
