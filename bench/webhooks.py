"""A flood of Reveni's events: how many a second are acknowledged, and how long each takes at an ordinary rate."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import Figure
from integration.fleet.broker import EmbeddedBroker
from integration.ledger.engine import make_engine
from integration.ledger.migrations import migrate
from integration.reveni.signature import HEADER, sign
from tests.servers import PostgresServer, free_port, wait_until

SENDERS = 64
"""Connections that each send an event as soon as the one before is acknowledged."""

SECONDS = 6.0
ORDINARY_RATE = 200
DUPLICATES = 1_000
SCRAPERS = 40
KEY = "reveni-key"

WEB = (
    "import sys; from integration.web import storing; storing.BATCH = int(sys.argv[1]); "
    "from tasks.web import main; main()"
)
TOGETHER, EACH_ALONE = 200, 1


def measure() -> list[Figure]:
    """Each figure from a web process of its own, on a new ledger; senders and web process share this machine."""
    with tempfile.TemporaryDirectory(prefix="backhaul-bench-") as folder, PostgresServer() as server:
        figures = []
        for name in ("SQLite", "PostgreSQL"):
            urls = [
                server.create_database() if name == "PostgreSQL" else f"sqlite:///{folder}/{number}.sqlite3"
                for number in range(2)
            ]
            figures += _on(name, Path(folder), *urls)
    return figures


def _on(name: str, folder: Path, url: str, other_url: str) -> list[Figure]:
    with _web(folder, other_url, batch=EACH_ALONE) as (port, _):
        alone = asyncio.run(_flood(port))
    with _web(folder, url, batch=TOGETHER) as (port, figures):
        together = asyncio.run(_flood(port))
        p99 = asyncio.run(_pace(port))
        scraped = asyncio.run(_pace(port, scraped=figures))
        duplicates = asyncio.run(_at_once(port, DUPLICATES))
    return [
        Figure(f"{name}: events acknowledged, {SENDERS} senders", together, "/s", alone, "one commit an event"),
        Figure("… the same, and the target", together, "/s", 500, "target"),
        Figure(f"… 99th percentile at {ORDINARY_RATE}/s, each on a new connection", p99, "ms", 100, "target"),
        Figure(f"… the same beside {SCRAPERS} scrapes at once, again each second", scraped, "ms", p99, "without them"),
        Figure(f"… {DUPLICATES} deliveries of one event at once, until the last is acknowledged", duplicates, "s"),
    ]


@contextmanager
def _web(folder: Path, database_url: str, *, batch: int) -> Iterator[tuple[int, int]]:
    engine = make_engine(database_url)
    migrate(engine)
    engine.dispose()
    data = Path(tempfile.mkdtemp(dir=folder))
    with (data / "broker.log").open("w") as log, EmbeddedBroker(data, output=log) as broker:
        port, figures = free_port(), free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "MIRAKL_BASE_URL": "http://127.0.0.1:9",
            "MIRAKL_API_KEY": "mirakl-key",
            "REVENI_STORE_ID": "store",
            "REVENI_API_KEY": KEY,
            "BACKHAUL_DATA_DIR": str(data),
            "DATABASE_URL": database_url,
            "BROKER_URL": broker.url,
            "WEB_PORT": str(port),
            "METRICS_PORT": str(figures),
        }
        command = [sys.executable, "-c", WEB, str(batch)]
        with (
            (data / "web.log").open("w") as output,
            subprocess.Popen(  # noqa: S603 - our own
                command, env=environment, stderr=output
            ) as web,
        ):
            try:
                wait_until(lambda: asyncio.run(_answers(port)), within=90, what="an answer of the web process")
                yield port, figures
            finally:
                web.terminate()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _flood(port: int) -> float:
    """Events a second."""
    until = time.monotonic() + SECONDS

    async def send() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        sent = 0
        while time.monotonic() < until:
            await _deliver(reader, writer, uuid.uuid4().hex)
            sent += 1
        writer.close()
        return sent

    return sum(await asyncio.gather(*(send() for _ in range(SENDERS)))) / SECONDS


async def _pace(port: int, *, scraped: int | None = None) -> float:
    """Milliseconds from the connection to the acknowledgement, 99th percentile, of events as regular as a clock.

    :param scraped: the port of the figures that others ask for meanwhile.
    """
    began = time.monotonic()

    async def send(number: int) -> float:
        await asyncio.sleep(max(0.0, began + number / ORDINARY_RATE - time.monotonic()))
        return await _alone(port, uuid.uuid4().hex)

    scraping = [] if scraped is None else [asyncio.create_task(_scrape(scraped)) for _ in range(SCRAPERS)]
    took = await asyncio.gather(*(send(number) for number in range(int(ORDINARY_RATE * SECONDS))))
    for task in scraping:
        task.cancel()
    return 1000 * statistics.quantiles(took, n=100)[-1]


async def _scrape(port: int) -> None:
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        if not (await reader.read()).startswith(b"HTTP/1.1 200"):
            raise AssertionError("no figures")
        writer.close()
        await asyncio.sleep(1)


async def _at_once(port: int, count: int) -> float:
    event_id = uuid.uuid4().hex
    began = time.monotonic()
    await asyncio.gather(*(_alone(port, event_id) for _ in range(count)))
    return time.monotonic() - began


async def _alone(port: int, event_id: str) -> float:
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await _deliver(reader, writer, event_id)
    writer.close()
    return time.monotonic() - began


async def _deliver(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, event_id: str) -> None:
    about = {"resource": "return", "resource_id": uuid.uuid4().hex, "status": "in_progress"}
    body = json.dumps({"id": event_id, "event": "return.updated", "created": 1, "data": about}).encode()
    head = f"POST /webhooks/reveni HTTP/1.1\r\nHost: h\r\n{HEADER}: {sign(body, KEY, now=time.time())}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    if not answer.startswith(b"HTTP/1.1 202"):
        raise AssertionError(answer)
    length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
    await reader.readexactly(length)
