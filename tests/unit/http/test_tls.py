"""Who is trusted to be Mirakl, Reveni, BigCommerce or the broker: the usual authorities, and a company's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from integration.cli.check import BrokerUnreachable, reach_broker
from integration.departure import NotSent
from integration.fleet.broker import EmbeddedBroker
from integration.http import Transport
from integration.settings import Settings
from tests.certificates import Authority, make_authority
from tests.proxy import Proxy
from tests.scripted_server import ScriptedServer, answer
from tests.unit.http.calls import WRITE, raises, says


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture
def server(company: Authority) -> Iterator[ScriptedServer]:
    with ScriptedServer(says(answer()), tls=company.server) as running:
        yield running


def test_a_companys_own_authority_is_trusted_where_it_is_named(server: ScriptedServer, company: Authority) -> None:
    """M15: TLS_CA_FILE lets a call through; the second one uses the same connection."""
    client = Transport(base_url=server.url, headers={}, ca_file=company.ca_file)
    assert [client.call(WRITE, json={}).status for _ in range(2)] == [200, 200]
    assert server.connections == 1


@pytest.mark.parametrize("named", ["nobody", "another"])
def test_whoever_is_not_trusted_is_told_nothing(server: ScriptedServer, stranger: Authority, named: str) -> None:
    """M15: without TLS_CA_FILE, or with another authority in it, nothing leaves: neither the key nor the body."""
    ca_file = stranger.ca_file if named == "another" else None
    with raises(NotSent):
        Transport(base_url=server.url, headers={}, ca_file=ca_file, attempts=1).call(WRITE, json={"money": 1})
    assert server.received == []


def test_the_usual_authorities_are_trusted_as_well(
    server: ScriptedServer, company: Authority, stranger: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M15: Mirakl's public certificate is as good as before beside a company's own authority."""
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(company.ca_file))
    assert Transport(base_url=server.url, headers={}, ca_file=stranger.ca_file).call(WRITE, json={}).status == 200


@pytest.mark.parametrize("named", ["company", "stranger", "nobody"])
def test_a_broker_shows_a_certificate_that_is_verified(
    broker: EmbeddedBroker, company: Authority, stranger: Authority, tmp_path: Path, named: str
) -> None:
    """M15: of a rediss:// broker kombu takes any certificate unless it is told not to."""
    port = urlsplit(broker.url).port
    assert port is not None
    ca_file = {"company": company.ca_file, "stranger": stranger.ca_file, "nobody": None}[named]
    with Proxy(port, tls=company.server) as passing:
        url = broker.url.replace("redis://", "rediss://").replace(f":{port}/", f":{passing.port}/")
        if named == "company":
            reach_broker(url, ca_file=ca_file)
            assert _by_celery(url, ca_file, tmp_path)
            return
        with pytest.raises(BrokerUnreachable, match="ConnectionError"):
            reach_broker(url, ca_file=ca_file)
        with pytest.raises(OperationalError, match="CERTIFICATE_VERIFY_FAILED"):
            _by_celery(url, ca_file, tmp_path)


def _by_celery(url: str, ca_file: Path | None, data_dir: Path) -> bool:
    """An answer by the way that workers take."""
    known = sys.modules.get("tasks.configuration")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in _environment(url, ca_file, data_dir).items():
            environment.setenv(name, value)
        told = import_module("tasks.configuration").make_configuration(Settings.load())
        if known is None:  # what it read from this environment is for nobody else
            del sys.modules["tasks.configuration"]
    options = {"ssl": told["broker_use_ssl"], "transport_options": {"max_retries": 1}}
    with Connection(told["broker_url"], **options) as connection:  # type: ignore[no-untyped-call]  # no types
        return bool(connection.default_channel.client.ping())


def _environment(url: str, ca_file: Path | None, data_dir: Path) -> dict[str, str]:
    return {
        "MIRAKL_BASE_URL": "https://example.mirakl.net",
        "MIRAKL_API_KEY": "key",
        "REVENI_STORE_ID": "store",
        "REVENI_API_KEY": "key",
        "BACKHAUL_DATA_DIR": str(data_dir),
        "BROKER_URL": url,
        "TLS_CA_FILE": "" if ca_file is None else str(ca_file),
    }
