"""A body that is too large is refused while it arrives, and none of it is kept."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from integration.ledger.store import Ledger
from integration.web import webhooks
from integration.web.webhooks import LARGEST
from tests.unit.web.running import RunningWeb, an_event, stored_events


def padded(size: int) -> bytes:
    body = json.dumps(an_event()).encode()
    return body[:-1] + b" " * (size - len(body)) + b"}"


def first_line(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as stream:
        return stream.readline()


def test_the_largest_body_is_accepted_and_one_byte_more_is_not(web: RunningWeb, ledger: Ledger) -> None:
    assert web.deliver(padded(LARGEST)).status_code == 202
    assert web.deliver(padded(LARGEST + 1)).status_code == 413
    assert len(stored_events(ledger)) == 1


def test_a_length_that_is_too_large_is_refused_before_anything_is_read(web: RunningWeb) -> None:
    with socket.create_connection(web.address, timeout=20) as sender:
        sender.sendall(b"POST /webhooks/reveni HTTP/1.1\r\nHost: h\r\nContent-Length: 10485760\r\n\r\n")
        assert first_line(sender).startswith(b"HTTP/1.1 413 ")


def test_a_sender_who_never_comes_to_the_end_is_hung_up_on(web: RunningWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "LINGERS", 0.1)
    with socket.create_connection(web.address, timeout=20) as sender:
        sender.sendall(b"POST /webhooks/reveni HTTP/1.1\r\nHost: h\r\nContent-Length: 10485760\r\n\r\n")
        with sender.makefile("rb") as stream:
            assert stream.read().startswith(b"HTTP/1.1 413")


@pytest.mark.crash_matrix(23)
def test_a_sender_of_ten_megabytes_reads_why_they_were_refused(web: RunningWeb) -> None:
    assert web.deliver(b"x" * 10_000_000).status_code == 413


def test_a_chunked_body_is_refused_as_soon_as_it_is_too_large(web: RunningWeb, ledger: Ledger) -> None:
    def megabyte() -> Iterator[bytes]:
        for _ in range(64):
            yield b"x" * 16_384

    answer = web.post(megabyte(), {})
    assert (answer.status_code, list(answer.json())) == (413, ["error"])
    with socket.create_connection(web.address, timeout=20) as sender:
        sender.sendall(b"POST /webhooks/reveni HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        sender.sendall(chunk * 4 + b"1\r\nx\r\n")  # and no end
        assert first_line(sender).startswith(b"HTTP/1.1 413")
    assert stored_events(ledger) == []


def test_the_connection_can_be_used_again_after_a_refusal(web: RunningWeb) -> None:
    with requests.Session() as session:
        for _ in range(2):
            answer = session.post(f"{web.url}/webhooks/reveni", data=b"x" * (LARGEST + 1), timeout=20)
            assert answer.status_code == 413


@pytest.mark.parametrize("length", ["many", "-1", "9" * 5_000])
def test_a_length_that_is_no_length_is_malformed(web: RunningWeb, length: str) -> None:
    with socket.create_connection(web.address, timeout=20) as sender:
        sender.sendall(b"POST /webhooks/reveni HTTP/1.1\r\nHost: h\r\nContent-Length: %b\r\n\r\n" % length.encode())
        assert first_line(sender).startswith((b"HTTP/1.1 400", b"HTTP/1.1 413"))


def test_a_large_body_behind_another_verb_is_thrown_away_too(web: RunningWeb) -> None:
    answer = requests.put(f"{web.url}/webhooks/reveni", data=b"x" * 1_000_000, timeout=20)
    assert answer.status_code == 405


@pytest.mark.crash_matrix(23)
def test_memory_stays_flat_under_a_hundred_megabytes(sqlite_url: str) -> None:
    """In a process of its own, whose peak is its own."""
    grown = subprocess.run([sys.executable, "-m", "tests.unit.web.flood", sqlite_url], check=True, capture_output=True)
    assert int(grown.stdout) < 8 * 1024
