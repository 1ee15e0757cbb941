"""What Prometheus is told, as it reads it."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from integration.ledger.engine import make_engine
from integration.ledger.figures import Figures, figures
from integration.ledger.heartbeats import beat
from integration.ledger.intents import decide
from integration.ledger.orders import add_order
from integration.ledger.reviews import open_review
from integration.ledger.stock import add_movement, open_import
from integration.ledger.store import Ledger, Tx
from integration.ledger.tables import HeartbeatRow, Intent, OrderRow
from integration.web import metrics
from integration.web.readiness import Workers
from tests.servers import free_port
from tests.unit.web.running import RunningWeb


@pytest.fixture(autouse=True)
def counted_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test asks several times within the seconds for which figures are kept."""
    monkeypatch.setattr(metrics, "KEPT", 0.0)


Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(web: RunningWeb) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = requests.get(web.metrics_url, timeout=20)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((f"backhaul_{name}", frozenset(labels.items())))


def an_order(tx: Tx, *, created: datetime, hours: float = 24) -> OrderRow:
    return add_order(
        tx, order_id=uuid.uuid4().hex, commercial_id=None, lines=[], created_date=created,
        deadline=created + timedelta(hours=hours),
    )  # fmt: skip


def test_the_work_is_counted_by_queue_kind_and_state(web: RunningWeb, ledger: Ledger) -> None:
    with ledger.write() as tx:
        for subject in ("e1", "e2"):
            decide(tx, "read_verdict", subject)
        decide(tx, "accept_order", "o1")
        decide(tx, "a_kind_of_tomorrow", "x")
        tx.session.execute(update(Intent).where(Intent.subject == "e2").values(state="held"))
    samples = scraped(web)
    assert of(samples, "intents", queue="restock", kind="read_verdict", state="decided") == 1
    assert of(samples, "intents", queue="restock", kind="read_verdict", state="held") == 1
    assert of(samples, "intents", queue="acknowledgement", kind="accept_order", state="decided") == 1
    assert of(samples, "intents", queue="unknown", kind="a_kind_of_tomorrow", state="decided") == 1


def test_waiting_orders_and_the_nearest_deadline_are_told(web: RunningWeb, ledger: Ledger) -> None:
    assert of(scraped(web), "orders_waiting") == 0
    assert of(scraped(web), "order_deadline_seconds_min") is None
    with ledger.write() as tx:
        an_order(tx, created=tx.now, hours=24)
        an_order(tx, created=tx.now, hours=2)
        an_order(tx, created=tx.now, hours=1).state = "held"
    samples = scraped(web)
    assert of(samples, "orders_waiting") == of(samples, "orders", state="waiting") == 2
    assert of(samples, "orders", state="held") == 1
    nearest = of(samples, "order_deadline_seconds_min")
    assert nearest is not None
    assert 7_000 < nearest <= 7_200


def test_a_deadline_that_has_passed_is_negative(web: RunningWeb, ledger: Ledger) -> None:
    with ledger.write() as tx:
        an_order(tx, created=tx.now - timedelta(hours=25))
    nearest = of(scraped(web), "order_deadline_seconds_min")
    assert nearest is not None
    assert nearest <= -3_600


def test_acknowledgements_are_a_histogram_of_our_own_ones(web: RunningWeb, ledger: Ledger) -> None:
    with ledger.write() as tx:
        for took, by in ((40, "us"), (100, "us"), (7, "somebody_else")):
            order = an_order(tx, created=tx.now - timedelta(seconds=took))
            order.first_seen_at = tx.now - timedelta(seconds=3)
            order.state, order.acknowledged_at, order.acknowledged_by = "acknowledged", tx.now, by
    samples = scraped(web)
    name = "order_acknowledgement_seconds"
    buckets = {le: of(samples, f"{name}_bucket", since="created", le=le) for le in ("30.0", "60.0", "120.0", "+Inf")}
    assert buckets == {"30.0": 0, "60.0": 1, "120.0": 2, "+Inf": 2}
    assert of(samples, f"{name}_count", since="created") == 2
    assert of(samples, f"{name}_sum", since="created") == pytest.approx(140, abs=0.01)
    assert of(samples, f"{name}_bucket", since="first_seen", le="5.0") == 2
    assert of(samples, f"{name}_sum", since="first_seen") == pytest.approx(6, abs=0.01)


def test_movements_and_open_reviews_are_told(web: RunningWeb, ledger: Ledger) -> None:
    assert of(scraped(web), "oldest_movement_seconds") == 0
    with ledger.write() as tx:
        for line, state in (("l1", "pending"), ("l2", "excluded"), ("l3", "held")):
            row = add_movement(
                tx, return_id="r1", order_line_id=line, sku="S", quantity=1, location=None, state=state, reason=None
            )
            row.due_at = tx.now - timedelta(seconds=90 if state == "pending" else 900)
        open_review(tx, kind="return", subject="r1", reason="unmapped_return_reason", detail="…")
    samples = scraped(web)
    assert of(samples, "movements", state="pending") == of(samples, "movements", state="excluded") == 1
    assert of(samples, "reviews_open", kind="return", reason="unmapped_return_reason") == 1
    oldest = of(samples, "oldest_movement_seconds")
    assert oldest is not None
    assert 90 <= oldest < 900


def test_restock_is_told_by_its_steps(web: RunningWeb, ledger: Ledger) -> None:
    with ledger.write() as tx:
        row = open_import(tx)
        row.sent_at = tx.now - timedelta(seconds=40)
        for line, state, reason in (("l1", "done", None), ("l2", "parked", "product_not_live_yet")):
            movement = add_movement(
                tx, return_id="r1", order_line_id=line, sku="S", quantity=1, location=None, state=state, reason=reason,
                restocked_at=tx.now - timedelta(seconds=70),
            )  # fmt: skip
            movement.import_id, movement.done_at = row.id, tx.now
    samples = scraped(web)
    assert of(samples, "stock_imports_in_flight") == 1
    assert of(samples, "stock_lines_refused", reason="product_not_live_yet") == 1
    assert of(samples, "restock_seconds_sum", step="accepted") == pytest.approx(30, abs=0.5)
    assert of(samples, "restock_seconds_bucket", step="confirmed", le="60.0") == 0
    assert of(samples, "restock_seconds_bucket", step="confirmed", le="75.0") == 1


def test_figures_are_counted_once_for_all_who_ask(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """X3: forty scrapes at once cost one look at the ledger, and none while the figures are new."""
    counted: list[int] = []

    def figures_of(tx: Tx) -> Figures:
        counted.append(1)
        return figures(tx)

    monkeypatch.setattr(metrics, "KEPT", 60.0)
    monkeypatch.setattr(metrics, "figures", figures_of)
    with RunningWeb(ledger) as web, ThreadPoolExecutor(40) as scrapers:
        told = list(scrapers.map(lambda _: web.figures(), range(80)))
        assert web.get("/metrics").status_code == 404
    assert len(set(told)) == len(counted) == 1


def test_a_worker_is_told_with_its_host(web: RunningWeb, ledger: Ledger) -> None:
    """S4: the age of each host's worker, however well another one of its queue does; S2: and its clock."""
    with ledger.write() as tx:
        beat(tx, "refund", pid=1)
        gone = {"host": "host-a", "seen_at": tx.now - timedelta(seconds=135), "clock_offset": 15.0}
        tx.session.execute(update(HeartbeatRow).values(gone))
        beat(tx, "refund", pid=2)
    samples = scraped(web)
    assert of(samples, "worker_seen_seconds", queue="refund", host="host-a") == pytest.approx(135, abs=10)
    assert of(samples, "worker_seen_seconds", queue="refund", host=socket.gethostname()) == pytest.approx(0, abs=10)
    assert of(samples, "clock_offset_seconds", host="host-a") == 15


def test_the_fleet_is_told_queue_by_queue(ledger: Ledger) -> None:
    with ledger.write() as tx:
        beat(tx, "refund")
    with RunningWeb(ledger, Workers((), 30.0, lambda: {"refund": 7})) as web:
        samples = scraped(web)
    assert of(samples, "queue_depth", queue="refund") == 7
    age = of(samples, "heartbeat_age_seconds", queue="refund")
    assert age is not None
    assert 0 <= age < 60


def test_another_shops_figures_are_not_ours(web: RunningWeb, ledger: Ledger) -> None:
    with Ledger(ledger.engine, shop="2001", who="test").write() as tx:
        an_order(tx, created=tx.now)
        decide(tx, "accept_order", "o1")
    samples = scraped(web)
    assert of(samples, "orders_waiting") == 0
    assert not any(name == "backhaul_intents" for name, _ in samples)


def test_without_a_broker_only_the_depths_are_missing(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    def no_broker() -> Mapping[str, int]:
        raise ConnectionRefusedError

    with RunningWeb(ledger, Workers((), 30.0, no_broker)) as web:
        samples = scraped(web)
    assert of(samples, "orders_waiting") == 0
    assert not any(name == "backhaul_queue_depth" for name, _ in samples)
    assert "the broker did not tell how deep its queues are: ConnectionRefusedError" in caplog.messages


def test_without_a_database_there_are_no_figures() -> None:
    engine = make_engine(f"postgresql+psycopg://backhaul@127.0.0.1:{free_port()}/none")
    with RunningWeb(Ledger(engine, shop="default", who="web")) as web:
        answer = requests.get(web.metrics_url, timeout=20)
    assert (answer.status_code, answer.json()) == (503, {"error": "the ledger does not answer"})
    engine.dispose()
