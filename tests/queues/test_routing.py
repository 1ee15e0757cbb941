"""A message reaches its own queue's worker, is JSON, and carries an id and nothing else."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import QueueNotFound
from kombu.serialization import enable_insecure_serializers
from redis import Redis

from integration.ledger import intents
from integration.settings import Settings
from integration.usecases.catalogue import ACTS
from integration.usecases.ports import Ports
from tasks.policy import POLICIES
from tests.queues.conftest import Start, waiting
from tests.servers import wait_until

pytestmark = pytest.mark.queues


@pytest.mark.parametrize("queue", POLICIES)
def test_a_worker_takes_messages_of_its_own_queue_alone(queue: str, app: Celery, start: Start) -> None:
    worker = start(queue)
    for name in POLICIES:
        app.send_task("fleet.heartbeat", kwargs={"queue": name}, queue=name)
    wait_until(lambda: waiting(app, queue) == 0, what=f"{queue} to be empty")
    assert {name: waiting(app, name) for name in POLICIES if name != queue} == {
        name: 1 for name in POLICIES if name != queue
    }
    (tasks,) = app.control.inspect(timeout=10, limit=1).registered().values()
    assert {f"{act.queue}.{kind}" for kind, act in ACTS.items() if act.queue == queue} <= set(tasks)
    assert worker.lives()


def test_a_queue_that_is_not_in_the_table_is_refused(app: Celery) -> None:
    with pytest.raises(QueueNotFound):
        app.send_task("fleet.heartbeat", kwargs={"queue": "polling"}, queue="pollling")


@pytest.mark.parametrize("kind", ACTS)
def test_what_is_rung_for_is_an_id_in_a_queue_of_this_shop(
    kind: str, ports: Ports, app: Celery, settings: Settings, redis: Redis
) -> None:
    with ports.ledger.write() as tx:
        intent, _ = intents.decide(tx, kind, "ZZCANARY", plan={"said": "ZZCANARY"})
    queue = ACTS[kind].queue
    assert {name: waiting(app, name) for name in POLICIES} == {name: int(name == queue) for name in POLICIES}
    assert {key for key in redis.scan_iter() if not key.startswith(f"backhaul:{settings.shop}:")} == set()
    assert not [key for key in redis.scan_iter() if "celery-task-meta" in key]
    message = _only_message(redis, queue)
    assert message["headers"]["task"] == f"{queue}.{kind}"
    assert message["content-type"] == "application/json"
    args, kwargs, _ = json.loads(base64.b64decode(message["body"]))
    assert args == []
    assert list(kwargs.values()) in ([str(intent.id)], [[str(intent.id)]])
    assert "ZZCANARY" not in json.dumps(message)


def test_a_message_that_is_not_json_is_thrown_away_and_the_next_one_taken(
    app: Celery, start: Start, tmp_path: Path
) -> None:
    worker = start("reconciliation")
    enable_insecure_serializers(["pickle"])  # type: ignore[no-untyped-call]  # kombu ships no types
    forged: Any = _TouchesAFile(tmp_path / "touched")
    app.send_task("fleet.heartbeat", kwargs={"queue": forged}, queue="reconciliation", serializer="pickle", retry=False)
    app.send_task("fleet.heartbeat", kwargs={"queue": "after"}, queue="reconciliation")
    wait_until(lambda: waiting(app, "reconciliation") == 0, what="both messages to be taken")
    wait_until(lambda: "ContentDisallowed" in worker.log(), what="a word about the forged message")
    assert not (tmp_path / "touched").exists()
    assert worker.lives()


class _TouchesAFile:
    """Unpickled, it does something: the reason why pickle is refused."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


def _only_message(redis: Redis, queue: str) -> dict[str, Any]:
    """As it lies in the broker; a list's name ends in the queue's, with its priority step behind it."""
    (name,) = (key for key in redis.scan_iter() if redis.type(key) == "list" and key.split(":")[2].startswith(queue))
    (raw,) = redis.lrange(name, 0, -1)
    message: dict[str, Any] = json.loads(raw)
    return message
