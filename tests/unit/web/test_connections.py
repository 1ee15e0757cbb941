"""Slow senders hold a place for seconds, and never one that somebody else needs."""

from __future__ import annotations

import resource
import select
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from integration.ledger.store import Ledger
from integration.web import connections
from tests.servers import wait_until
from tests.unit.web.running import RunningWeb, an_event, stored_events
from tests.unit.web.test_process import alive, deliver, web_process

SLOW = 1_100
DESCRIPTORS = 1_024
HALF_A_REQUEST = b"POST /webhooks/reveni HTTP/1.1\r\nHost: h\r\nContent-Len"


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] != resource.RLIM_INFINITY and before[1] < 4 * DESCRIPTORS:
        pytest.skip("NOT TESTED WITH MANY CONNECTIONS: this machine allows a process too few descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * DESCRIPTORS, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextmanager
def slow_senders(address: tuple[str, int], count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        senders = []
        for _ in range(count):
            sender = stack.enter_context(socket.create_connection(address, timeout=20))
            sender.sendall(HALF_A_REQUEST)
            senders.append(sender)
        yield senders


def closed(sender: socket.socket) -> bool:
    """The other side has closed it, with or without an answer."""
    poll = select.poll()
    poll.register(sender, select.POLLIN)
    if not poll.poll(0):
        return False
    try:
        return not sender.recv(1_000) or closed(sender)
    except ConnectionError:
        return True


@pytest.mark.usefixtures("many_descriptors")
def test_more_slow_connections_than_there_are_descriptors_keep_no_good_sender_out(
    ledger: Ledger, tmp_path: Path
) -> None:
    """X2: 1,100 slow connections against 1,024 descriptors, and every good webhook is stored at once."""
    few = shlex.join(["prlimit", f"--nofile={DESCRIPTORS}", sys.executable, "-m", "tasks.web"])
    with web_process(tmp_path, command=["sh", "-c", f"exec {few}"]) as (process, url):
        wait_until(lambda: alive(url), what="an answer")
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        with slow_senders(address, SLOW) as senders:
            began = time.monotonic()
            assert [deliver(url) for _ in range(20)] == [202] * 20
            assert time.monotonic() - began < 10
            wait_until(lambda: all(map(closed, senders)), what="the end of every slow connection")
        assert process.poll() is None
    assert len(stored_events(ledger)) == 20


def test_who_is_slow_is_hung_up_on(web: RunningWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    """X2: headers and body must arrive within seconds."""
    assert connections.ARRIVES_WITHIN <= 5
    with (
        socket.create_connection(web.address, timeout=20) as headers,
        socket.create_connection(web.address, timeout=20) as body,
    ):
        headers.sendall(HALF_A_REQUEST)
        body.sendall(b"POST /webhooks/reveni HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n{")
        assert (headers.recv(100), body.recv(100)) == (b"", b"")


def test_who_has_waited_longest_makes_room_and_who_is_being_answered_does_not(ledger: Ledger) -> None:
    """X2: a delivery that is being stored keeps its connection, however many come after it."""
    with RunningWeb(ledger, most=6) as web, ExitStack() as stack:
        with ledger.write() as tx:
            assert tx.now  # the first statement takes SQLite's only place for a writer
            waiting = web.deliver_later(an_event())
            wait_until(lambda: bool(web.app.settings["running"]), what="the delivery")
            senders = stack.enter_context(slow_senders(web.address, 20))
            wait_until(lambda: sum(map(closed, senders)) >= 14, what="room")
        assert waiting.result().status_code == 202
        assert web.deliver(an_event()).status_code == 202
