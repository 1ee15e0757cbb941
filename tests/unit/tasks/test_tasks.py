"""The tasks without Celery's workers: each translates a message into one use case and does nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integration.ledger.heartbeats import heartbeats
from integration.ledger.orders import orders
from integration.ledger.refunds import refunds
from integration.ledger.returns import returns
from integration.ledger.stock import movements
from integration.ledger.store import Ring, Tx
from integration.sandbox import SandboxOptions, start_sandbox
from integration.usecases.catalogue import ACTS
from tasks import app as celery
from tasks.policy import POLICIES
from tests.inline_fleet import InlineFleet, settings_for
from tests.servers import wait_until

POLLS = (
    "poll_orders", "poll_returns", "poll_verdicts", "follow_refunds", "sweep", "watch_deadlines", "watch_platform",
    "watch_reasons", "watch_stock",
)  # fmt: skip


@pytest.fixture
def sandbox() -> Iterator[Any]:
    with start_sandbox(SandboxOptions(scale=0.005, debit_delay=0)) as running:
        yield running.client


@pytest.fixture
def fleet(sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InlineFleet]:
    """The ports that the tasks of this process find."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    one = InlineFleet(settings_for(sandbox.environment(), data_dir=tmp_path, database_url=url))
    monkeypatch.setattr(celery, "_ports", lambda _pid: one.ports)
    # Whichever test is the first to look a task up has the app read its configuration, which rings for nobody here.
    for name, value in {**sandbox.environment(), "BROKER_URL": "redis://127.0.0.1:9/0"}.items():
        monkeypatch.setenv(name, value)
    celery.load_tasks()
    yield one
    one.close()


def run(name: str, **kwargs: Any) -> None:
    """A task's own function, as a worker calls it; a message of a newer version may say more."""
    celery.app.tasks[name].run(**kwargs, said_by_a_newer_version=True)


def take(ring: Ring) -> None:
    act = ACTS[ring.kind]
    ids = {"intent_ids": [str(ring.intent_id)]} if act.in_batches else {"intent_id": str(ring.intent_id)}
    run(f"{act.queue}.{act.kind}", **ids)


def test_a_story_goes_through_the_tasks_of_every_queue(sandbox: Any, fleet: InlineFleet) -> None:
    sandbox.seed_offers({"SKU-A": 0})
    order_id = sandbox.seed_order(lines=[{"sku": "SKU-A", "quantity": 1, "unit_price": "25.00"}])
    line_id = f"{order_id}-1"

    def until(told: Callable[[Tx], bool]) -> None:
        wait_until(lambda: turn(told), within=60, what="the next chapter of the story")

    def turn(told: Callable[[Tx], bool]) -> bool:
        for poll in POLLS:
            run(f"polling.{poll}")
        for ring in fleet.take_rings():
            take(ring)
        with fleet.ports.ledger.read() as tx:
            return told(tx)

    until(lambda tx: len(orders(tx, state="acknowledged")) == 1)
    sandbox.receive(order_id)
    announced = {"order_line_id": line_id, "quantity": 1, "reason_code": "RETURN_PDNT_TOO_BIG"}
    return_id = sandbox.open_return(order_id, [announced])
    until(lambda tx: any(one.reveni_return_id for one in returns(tx)))
    sandbox.judge(return_id, line_id, accepted=1)
    until(lambda tx: [one.state for one in refunds(tx)] == ["refunded"] and len(movements(tx, states=["done"])) == 1)
    until(lambda tx: [one.state for one in returns(tx)] == ["closed"])
    assert sandbox.books()["stock"] == {"SKU-A": 1}
    assert [one["amount"] for one in sandbox.books()["refunds"][line_id]] == [Decimal("25.00")]


def test_the_reconciliation_tasks_read_the_transaction_log(sandbox: Any, fleet: InlineFleet) -> None:
    for task in ("ingest_transactions", "ingest_cycles", "review_differences"):
        run(f"reconciliation.{task}")
    assert "TL02" in set(sandbox.books()["calls"])


@pytest.mark.parametrize("queue", POLICIES)
def test_a_heartbeat_is_written_for_the_queue_it_came_through(fleet: InlineFleet, queue: str) -> None:
    run("fleet.heartbeat", queue=queue)
    with fleet.ports.ledger.read() as tx:
        assert [beat.queue for beat in heartbeats(tx)] == [queue]
