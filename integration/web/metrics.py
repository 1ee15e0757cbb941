"""`GET /metrics`: the ledger's figures in Prometheus' text format, counted once for all who ask."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from integration.ledger.distributions import BOUNDS, Distribution
from integration.ledger.figures import Figures, figures
from integration.ledger.heartbeats import Worker, newest_of_each, workers
from integration.ledger.polls import PollAge, poll_ages
from integration.ledger.stock_figures import StockFigures, stock_figures
from integration.ledger.store import Ledger
from integration.usecases.catalogue import ACTS
from integration.usecases.recovery_state import recovery_state
from integration.web.answers import Answering
from integration.web.counts import WebhookCounts
from integration.web.readiness import Workers
from integration.web.shared import Shared
from integration.web.threads import DaemonThreads

log = logging.getLogger(__name__)

PATIENCE = 8.0
"""Seconds; Prometheus itself waits for 10."""

KEPT = 3.0
"""Seconds for which figures are good enough for whoever else asks."""

Row = tuple[tuple[str, ...], float]
"""The values of the labels, and the figure."""


class Metrics(Answering):
    """503 when the ledger does not answer: a figure that is missing is better than one that is wrong."""

    def initialize(self, *, shared: Shared[bytes]) -> None:
        self._shared = shared

    async def get(self) -> None:
        try:
            text = await self._shared.get()
        except Exception:  # whatever it was, there are no figures; `Exposition` has told
            self.answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "the ledger does not answer"})
            return
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.write(text)


class Exposition:
    """All metrics of this shop's fleet, counted in a thread. Without a broker, its queues' depths are left out."""

    def __init__(self, ledger: Ledger, workers: Workers, webhooks: WebhookCounts) -> None:
        self._ledger = ledger
        self._workers = workers
        self._webhooks = webhooks
        self._threads = DaemonThreads("figures", threads=1, waiting=1)

    async def text(self) -> bytes:
        """In Prometheus' format.

        :raises Exception: whatever kept the figures from being counted.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.get_running_loop().run_in_executor(self._threads, self._counted)
        except Exception as failure:
            log.warning("the figures could not be counted: %s", type(failure).__name__)
            raise

    def _counted(self) -> bytes:
        with self._ledger.read() as tx:
            counted, stock, seen, polls = figures(tx), stock_figures(tx), workers(tx), poll_ages(tx)
            recovery = recovery_state(tx) is not None
        try:
            depths = self._workers.queue_depths()
        except Exception as failure:
            log.warning("the broker did not tell how deep its queues are: %s", type(failure).__name__)
            depths = {}
        return generate_latest(Snapshot(counted, stock, seen, depths, self._webhooks.so_far(), polls, recovery))


@dataclass(frozen=True)
class Snapshot:
    """The figures of one moment as a Prometheus collector. Labels are states, kinds, reasons and queues alone."""

    figures: Figures
    stock: StockFigures
    workers: Sequence[Worker]
    depths: Mapping[str, int]
    webhooks: Mapping[str, int]
    polls: Sequence[PollAge] = ()
    recovery: bool = False

    def collect(self) -> Iterator[Metric]:
        yield from self._work()
        yield from self._orders()
        yield from self._fleet()

    def _work(self) -> Iterator[Metric]:
        # A newer version of the fleet may have promised kinds that this one does not know.
        queues = {kind: act.queue for kind, act in ACTS.items()}
        intents = [
            ((queues.get(kind, "unknown"), kind, state), number)
            for (kind, state), number in self.figures.intents.items()
        ]
        yield _gauge("backhaul_intents", "Promises", ["queue", "kind", "state"], intents)
        yield _gauge("backhaul_reviews_open", "Cases for a person", ["kind", "reason"], self.figures.reviews.items())
        yield _gauge("backhaul_movements", "Stock movements", ["state"], self.figures.movements.items())
        yield GaugeMetricFamily(
            "backhaul_oldest_movement_seconds",
            "How long the stock movement that has waited longest has been due",
            self.figures.oldest_movement,
        )
        yield from self._stock()

    def _stock(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "backhaul_stock_imports_in_flight", "Stock imports that are not over", self.stock.imports_in_flight
        )
        refused = [((reason,), number) for reason, number in self.stock.refused.items()]
        yield _gauge("backhaul_stock_lines_refused", "Movements whose line Mirakl refused", ["reason"], refused)
        took = HistogramMetricFamily(
            "backhaul_restock_seconds",
            "From restocked in Reveni to the stock file's acceptance (STO01), and to its confirmed end (STO02)",
            labels=["step"],
        )
        took.add_metric(["accepted"], _buckets(self.stock.accepted), self.stock.accepted.seconds)
        took.add_metric(["confirmed"], _buckets(self.stock.confirmed), self.stock.confirmed.seconds)
        yield took

    def _orders(self) -> Iterator[Metric]:
        yield _gauge("backhaul_orders", "Orders", ["state"], self.figures.orders.items())
        yield GaugeMetricFamily(
            "backhaul_orders_waiting", "Orders to be acknowledged", self.figures.orders.get(("waiting",), 0)
        )
        if self.figures.nearest_deadline is not None:
            yield GaugeMetricFamily(
                "backhaul_order_deadline_seconds_min",
                "Until the first waiting order must be acknowledged",
                self.figures.nearest_deadline,
            )
        took = HistogramMetricFamily(
            "backhaul_order_acknowledgement_seconds",
            "From an order's creation on Mirakl, or from its first sight here, to its acknowledgement by Backhaul",
            labels=["since"],
        )
        took.add_metric(["created"], _buckets(self.figures.since_created), self.figures.since_created.seconds)
        took.add_metric(["first_seen"], _buckets(self.figures.since_seen), self.figures.since_seen.seconds)
        yield took

    def _fleet(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "backhaul_recovery", "Whether nothing is sent that may be sent once only", float(self.recovery)
        )
        ages = [((beat.queue,), beat.age) for beat in newest_of_each(self.workers)]
        yield _gauge("backhaul_heartbeat_age_seconds", "Since each queue's worker was heard of", ["queue"], ages)
        seen: dict[tuple[str, ...], float] = {}
        offsets: dict[tuple[str, ...], float] = {}
        for worker in self.workers:
            place = (worker.queue, worker.host)
            seen[place] = max(worker.age, seen.get(place, 0.0))
            offsets[worker.host,] = worker.clock_offset
        yield _gauge(
            "backhaul_worker_seen_seconds",
            "Since a worker showed that it lives; of several on a host, the one that is silent for longest",
            ["queue", "host"], seen.items(),
        )  # fmt: skip
        yield _gauge(
            "backhaul_clock_offset_seconds", "That a host's clock is ahead of the ledger's", ["host"], offsets.items()
        )
        silences = [((poll.name,), poll.seconds) for poll in self.polls if poll.name != "read_back_returns"]
        yield _gauge("backhaul_poll_age_seconds", "Since each poll last read everything", ["poll"], silences)
        depths = [((queue,), depth) for queue, depth in self.depths.items()]
        yield _gauge("backhaul_queue_depth", "Messages that wait in the broker", ["queue"], depths)
        deliveries = CounterMetricFamily("backhaul_webhooks_total", "Deliveries that were answered", labels=["outcome"])
        for outcome, number in self.webhooks.items():
            deliveries.add_metric([outcome], number)
        yield deliveries


def _gauge(name: str, documentation: str, labels: list[str], rows: Iterable[Row]) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def _buckets(distribution: Distribution) -> list[tuple[str, float]]:
    within = [(str(float(bound)), float(count)) for bound, count in zip(BOUNDS, distribution.within, strict=True)]
    return [*within, ("+Inf", float(distribution.count))]
