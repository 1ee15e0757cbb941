"""The transport over real sockets: what is sent, what is repeated, and who is asked before."""

from __future__ import annotations

import logging
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from integration.errors import CredentialsRefused, OutcomeUnknown, Retryable, TooManyCalls
from tests.scripted_server import Received, answer, reset
from tests.servers import free_port
from tests.unit.http.calls import ACCEPT, COUNTED, READ, WRITE, RecordingGate, Serve, raises, says, transport

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
    with raises(TooManyCalls) as told:
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
    for told_by in (TooManyCalls, Retryable):  # Mirakl, and then the gate
        with raises(told_by) as told:
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
