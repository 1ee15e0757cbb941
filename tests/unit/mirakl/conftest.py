"""A Mirakl client whose network is `responses`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses

from integration.http import Transport
from integration.mirakl.client import Mirakl
from tests.unit.mirakl.network import URL, CountingGate


@pytest.fixture
def network() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def gate() -> CountingGate:
    return CountingGate()


@pytest.fixture
def mirakl(network: responses.RequestsMock, gate: CountingGate) -> Mirakl:
    transport = Transport(base_url=URL, headers={"Authorization": "key"}, gate=gate, attempts=1)
    return Mirakl(transport, shop_id="7")
