"""`python -m tasks.web`, as the Procfile has it, with a real broker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from integration.ledger.store import Ledger
from integration.reveni.signature import sign
from tests.servers import free_port, wait_until
from tests.unit.web.running import an_event, promises

KEY = "reveni-key"


@contextmanager
def web_process(
    folder: Path, *, command: Sequence[str] = (sys.executable, "-m", "tasks.web"), **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path.cwd()),
        "MIRAKL_BASE_URL": "http://127.0.0.1:9",
        "MIRAKL_API_KEY": "mirakl-key",
        "REVENI_STORE_ID": "store",
        "REVENI_API_KEY": KEY,
        "BACKHAUL_DATA_DIR": str(folder),
        "WEB_PORT": str(port),
        "METRICS_PORT": str(free_port()),
        **environment,
    }
    with subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def alive(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=20).status_code == 200
    except requests.ConnectionError:
        return False


def deliver(url: str) -> int:
    body = json.dumps(an_event()).encode()
    headers = {"X-REVENI-SIGNATURE": sign(body, KEY, now=time.time())}
    return requests.post(f"{url}/webhooks/reveni", data=body, headers=headers, timeout=20).status_code


def test_a_webhook_is_stored_and_its_message_waits_in_the_broker(
    ledger: Ledger, tmp_path: Path, broker_url: str
) -> None:
    """X3: the figures have a port of their own, and the webhook's says nothing of them."""
    port = free_port()
    figures = f"http://127.0.0.1:{port}/metrics"
    with web_process(tmp_path, BROKER_URL=broker_url, METRICS_PORT=str(port)) as (process, url):
        wait_until(lambda: alive(url), what="an answer")
        assert deliver(url) == 202
        wait_until(
            lambda: 'backhaul_queue_depth{queue="restock"} 1.0' in requests.get(figures, timeout=20).text,
            what="the message",
        )
        assert requests.get(f"{url}/metrics", timeout=20).status_code == 404
        missing = requests.get(f"{url}/readyz", timeout=20).json()["missing"]
        assert missing == [
            f"worker:{queue}"
            for queue in ("polling", "acknowledgement", "reason-mapping", "refund", "restock", "reconciliation")
        ]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert [intent.kind for intent in promises(ledger)] == ["read_verdict"]


@pytest.mark.crash_matrix(3)
def test_without_a_broker_webhooks_are_stored_all_the_same(ledger: Ledger, tmp_path: Path) -> None:
    with web_process(tmp_path, BROKER_URL=f"redis://:pass-word@127.0.0.1:{free_port()}/0") as (process, url):
        wait_until(lambda: alive(url), what="an answer")
        assert deliver(url) == 202
        assert "broker" in requests.get(f"{url}/readyz", timeout=20).json()["missing"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert "pass-word" not in process.stderr.read()
    assert len(promises(ledger)) == 1


def test_a_database_that_hangs_does_not_keep_the_process_from_ending(ledger: Ledger, tmp_path: Path) -> None:
    with web_process(tmp_path) as (process, url):
        wait_until(lambda: alive(url), what="an answer")
        with ledger.write() as tx:
            assert tx.now  # the first statement takes SQLite's only place for a writer
            with pytest.raises(requests.Timeout):
                requests.post(
                    f"{url}/webhooks/reveni",
                    data=(body := json.dumps(an_event()).encode()),
                    headers={"X-REVENI-SIGNATURE": sign(body, KEY, now=time.time())},
                    timeout=0.5,
                )
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("REVENI_API_KEY", "", "REVENI_API_KEY is missing"),
        ("WEB_HOST", "203.0.113.1", "WEB_HOST 203.0.113.1"),
        ("METRICS_HOST", "203.0.113.1", "METRICS_HOST 203.0.113.1"),
    ],
)
def test_settings_that_cannot_be_used_are_named(tmp_path: Path, variable: str, value: str, told: str) -> None:
    with web_process(tmp_path, **{variable: value}) as (process, _url):
        _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert told in error
    assert "Traceback" not in error
