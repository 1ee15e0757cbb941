"""What no single module can see: one table of queues, a task for every act, small files, no loose ends."""

from __future__ import annotations

import importlib
import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.fleet.procfile import load_procfile
from integration.fleet.supervisor import BRINGERS, ONLOOKERS
from integration.usecases.catalogue import ACTS
from tasks.policy import POLICIES

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = [path for room in ("integration", "tasks", "mappings") for path in sorted((ROOT / room).rglob("*.py"))]
WORKERS = {name: line for name, line in load_procfile().items() if " worker " in line}
OF_THE_CARD = {"acknowledgement", "restock", "refund", "reason-mapping"}


@pytest.fixture(scope="module")
def registered() -> Iterator[dict[str, Any]]:
    """Every task of ours, by name, as a worker registers them."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "MIRAKL_BASE_URL": "http://127.0.0.1:9",
            "MIRAKL_API_KEY": "key",
            "REVENI_STORE_ID": "store",
            "REVENI_API_KEY": "key",
            "BROKER_URL": "redis://127.0.0.1:9/0",
        }.items():
            environment.setenv(name, value)
        tasks = importlib.import_module("tasks.app")
        tasks.load_tasks()
        yield {name: task for name, task in tasks.app.tasks.items() if not name.startswith("celery.")}


@pytest.mark.parametrize("queue", POLICIES)
def test_each_queue_has_a_worker_of_its_own_as_the_table_says(queue: str) -> None:
    policy = POLICIES[queue]
    assert _option(WORKERS[queue], "queues") == queue
    assert _option(WORKERS[queue], "pool") == policy.pool
    assert int(_option(WORKERS[queue], "concurrency")) == policy.concurrency
    assert _option(WORKERS[queue], "hostname") == f"{queue}@%h"


def test_there_is_no_worker_and_no_queue_beside_the_table() -> None:
    assert set(WORKERS) == set(POLICIES)
    assert {act.queue for act in ACTS.values()} <= set(POLICIES)


def test_the_order_of_a_stop_names_processes_that_there_are() -> None:
    """M3: who is stopped first and last, and the Procfile."""
    assert set(load_procfile()) - set(POLICIES) == BRINGERS | ONLOOKERS


def test_the_sandbox_knows_no_room_but_its_own() -> None:
    """M3: what the sandbox may not import, and the rooms of the product."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (sandbox,) = (one for one in contracts if one.get("source_modules") == ["integration.sandbox"])
    rooms = {path.stem for path in (ROOT / "integration").iterdir() if (path / "__init__.py").exists() or _module(path)}
    product = {f"integration.{room}" for room in rooms - {"sandbox"}} | {"mappings", "tasks"}
    assert set(sandbox["forbidden_modules"]) == product


def test_the_four_of_the_card_never_share_a_worker() -> None:
    listening = [set(_option(line, "queues").split(",")) for line in WORKERS.values()]
    assert set().union(*listening) >= OF_THE_CARD
    assert all(len(queues & OF_THE_CARD) <= 1 for queues in listening)


def test_only_processes_that_can_be_killed_have_a_hard_limit() -> None:
    assert {policy.queue for policy in POLICIES.values() if policy.hard_limit} == {
        policy.queue for policy in POLICIES.values() if policy.pool == "prefork"
    }


def test_every_act_has_a_task_of_its_name_in_its_queues_module(registered: dict[str, Any]) -> None:
    for kind, act in ACTS.items():
        task = registered[f"{act.queue}.{kind}"]
        assert task.queue == act.queue
        assert task.__module__ == f"tasks.{act.queue.replace('-', '_')}"


def test_a_queue_that_acts_has_no_task_beside_its_acts(registered: dict[str, Any]) -> None:
    acting = {act.queue for act in ACTS.values()}
    names = {name for name in registered if name.partition(".")[0] in acting}
    assert names == {f"{act.queue}.{kind}" for kind, act in ACTS.items()}


def test_a_task_takes_an_id_by_name_and_nothing_that_could_decide(registered: dict[str, Any]) -> None:
    for name, task in registered.items():
        *given, tolerant = inspect.signature(task.run).parameters.values()
        assert tolerant.kind is inspect.Parameter.VAR_KEYWORD, name
        assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in given), name
        assert {one.name for one in given} <= {"intent_id", "intent_ids", "queue"}, name


def test_a_task_is_named_in_the_code_and_not_for_where_it_stands(registered: dict[str, Any]) -> None:
    for name, task in registered.items():
        room = "fleet" if task.run.__name__ == "heartbeat" else task.queue
        assert name == f"{room}.{task.run.__name__}"


def test_whatever_beat_rings_for_is_a_task_on_a_queue_of_the_table(registered: dict[str, Any]) -> None:
    schedule = importlib.import_module("tasks.app").app.conf.beat_schedule
    assert {entry["task"] for entry in schedule.values()} <= set(registered)
    assert {entry["options"]["queue"] for entry in schedule.values()} <= set(POLICIES)
    assert {name for name in registered if name.startswith("polling.")} <= {
        entry["task"] for entry in schedule.values()
    }


def test_a_module_is_short_enough_to_read_at_a_sitting() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in PRODUCT}
    assert {path for path, lines in lengths.items() if lines > 300 and "/versions/" not in path} == set()


def test_every_room_has_its_floor() -> None:
    layers, *_ = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    floors = {room.strip() for floor in layers["layers"] for room in floor.split("|")}
    rooms = {path.stem for path in (ROOT / "integration").iterdir() if (path / "__init__.py").exists() or _module(path)}
    assert floors == {"tasks", "mappings"} | {f"integration.{room}" for room in rooms}


def test_nothing_is_left_to_be_done_in_a_comment() -> None:
    left = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)))
    texts = [*PRODUCT, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "docs").rglob("*.md"))]
    texts += [ROOT / name for name in ("README.md", "Makefile", "Procfile", "docker-compose.yml", "pyproject.toml")]
    assert [str(path) for path in texts if left.search(path.read_text())] == []


def _module(path: Path) -> bool:
    return path.suffix == ".py" and path.stem != "__init__"


def _option(line: str, name: str) -> str:
    (value,) = re.findall(rf"--{name}=(\S+)", line)
    return str(value)
