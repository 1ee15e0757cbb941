"""Listening, and ending without dropping what is running."""

from __future__ import annotations

import socket
import threading

import pytest
import requests

from integration.errors import SettingsError
from integration.ledger.store import Ledger
from integration.web import server
from integration.web.server import listen
from tests.servers import wait_until
from tests.unit.web.running import RunningWeb, an_event, stored_events


def test_a_delivery_that_is_being_stored_is_acknowledged_before_the_end(ledger: Ledger) -> None:
    statuses: list[int] = []
    with RunningWeb(ledger) as web:
        sender = threading.Thread(target=lambda: statuses.append(web.deliver(an_event()).status_code))
        with ledger.write() as tx:
            assert tx.now  # the first statement takes SQLite's only place for a writer
            sender.start()
            wait_until(lambda: bool(web.app.settings["running"]), what="the delivery")
            web.stop()
            wait_until(lambda: refuses_connections(web), what="the closed port")
        sender.join(20)
    assert statuses == [202]
    assert len(stored_events(ledger)) == 1


def refuses_connections(web: RunningWeb) -> bool:
    try:
        socket.create_connection(web.address, timeout=20).close()
    except ConnectionRefusedError:
        return True
    return False


def test_whoever_never_comes_to_the_end_is_cut_off(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "GRACE", 0.1)
    with RunningWeb(ledger) as web, socket.create_connection(web.address, timeout=20) as sender:
        sender.sendall(b"POST /webhooks/reveni HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n")
        wait_until(lambda: bool(web.app.settings["running"]), what="the delivery")
        web.stop()
        assert sender.recv(100) == b""


def test_a_sender_who_goes_away_is_waited_for_no_longer(web: RunningWeb) -> None:
    with socket.create_connection(web.address, timeout=20) as sender:
        sender.sendall(b"POST /webhooks/reveni HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n")
        wait_until(lambda: bool(web.app.settings["running"]), what="the delivery")
    wait_until(lambda: not web.app.settings["running"], what="its end")


def test_a_connection_that_is_kept_and_idle_is_not_waited_for(ledger: Ledger) -> None:
    with requests.Session() as session, RunningWeb(ledger) as web:
        assert session.get(f"{web.url}/healthz", timeout=20).status_code == 200
        wait_until(lambda: not web.app.settings["running"], what="the end of the request")


# Tornado leaves the socket that it could not bind to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
def test_a_port_that_is_taken_is_named() -> None:
    taken = listen("127.0.0.1", 0)
    port = taken[0].getsockname()[1]
    with pytest.raises(SettingsError, match=f"WEB_PORT {port} are not usable .Address already in use.: choose others"):
        listen("127.0.0.1", port)
    taken[0].close()
