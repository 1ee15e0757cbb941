"""The bell on a real broker: what a message holds, where it goes, and what a broker that is away costs."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from redis import Redis

from integration.ledger.store import Ring
from integration.settings import Settings
from tasks import bell
from tests.inline_fleet import settings_for
from tests.servers import free_port

NOBODY = {
    "MIRAKL_BASE_URL": "http://127.0.0.1:9",
    "MIRAKL_API_KEY": "key",
    "REVENI_STORE_ID": "store",
    "REVENI_API_KEY": "key",
}


@pytest.fixture
def ring_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has the bell ring on this broker."""
    for name, value in NOBODY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BROKER_URL", "redis://127.0.0.1:9/0")
    from tasks.configuration import make_configuration

    def point(broker_url: str, **over: object) -> Settings:
        url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
        settings = settings_for(NOBODY, data_dir=tmp_path, database_url=url, broker_url=broker_url, **over)
        app = Celery("bell", set_as_current=False)
        app.conf.update(make_configuration(settings))
        monkeypatch.setattr(bell, "app", app)
        return settings

    return point


def messages(broker_url: str) -> dict[str, list[Any]]:
    """The kwargs of every message, by the Redis list it stands in."""
    with Redis.from_url(broker_url, decode_responses=True) as client:
        lists = [key for key in client.scan_iter() if client.type(key) == "list"]
        raw = {key: [json.loads(each) for each in client.lrange(key, 0, -1)] for key in lists}
    return {key: [json.loads(base64.b64decode(one["body"]))[1] for one in found] for key, found in raw.items()}


def test_a_batch_of_orders_is_one_message_and_a_refund_is_a_message_of_its_own(ring_on: Any, broker_url: str) -> None:
    ring_on(broker_url)
    many = [Ring("accept_order", uuid4()) for _ in range(40)]
    refunds = [Ring("push_refund", uuid4()) for _ in range(2)]
    bell.ring([*many, *refunds])
    found = messages(broker_url)
    accepting = [one for key, bodies in found.items() if "acknowledgement" in key for one in bodies]
    assert sorted(len(one["intent_ids"]) for one in accepting) == [8, 16, 16]
    assert {each for one in accepting for each in one["intent_ids"]} == {str(ring.intent_id) for ring in many}
    paying = [one for key, bodies in found.items() if "refund" in key for one in bodies]
    assert sorted(one["intent_id"] for one in paying) == sorted(str(ring.intent_id) for ring in refunds)


def test_what_is_urgent_stands_in_the_list_that_is_read_first(ring_on: Any, broker_url: str) -> None:
    ring_on(broker_url, mirakl_shop_id="2000")
    bell.ring([Ring("accept_order", uuid4(), urgent=True), Ring("accept_order", uuid4())])
    keys = sorted(messages(broker_url))
    assert [key.removeprefix("backhaul:2000:") for key in keys] == ["acknowledgement", "acknowledgement\x06\x166"]


def test_a_broker_that_is_away_costs_a_warning_and_no_exception(ring_on: Any, caplog: pytest.LogCaptureFixture) -> None:
    ring_on(f"redis://127.0.0.1:{free_port()}/0")
    with caplog.at_level(logging.WARNING):
        bell.ring([Ring("push_refund", uuid4())])
    assert [record.message for record in caplog.records] == ["the bell did not ring for 1 intents: OperationalError"]
