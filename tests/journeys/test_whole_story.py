"""`backhaul up` does its whole job, keeps shoppers' data to itself, and ends when it is asked to."""

from __future__ import annotations

import time
import urllib.request
from decimal import Decimal
from pathlib import Path

import pytest
from redis import Redis

from integration.fleet.procfile import load_procfile
from tests.journeys.story import BOOTS, COAT, DRESS, LINES, OTHERS, REFUNDED, Story
from tests.process_tree import lives
from tests.running_fleet import QUEUES, STOPS_WITHIN, RunningFleet
from tests.servers import wait_until

pytestmark = pytest.mark.journeys

CANARY = b"zzcanary"
"""In every name, address and e-mail of the sandbox's shoppers, in one case or another."""


def test_the_whole_job_is_done_once_shows_no_shopper_and_ends_when_asked(fleet: RunningFleet, story: Story) -> None:
    """S7: `up` says one line for each process and where things are, then that it is ready.

    M15: what the fleet keeps is for its own user. S8: a second `up` on its ports starts nothing.
    """
    _says_a_line_for_each_process_until_it_is_ready(fleet)
    story.place_orders()
    story.wait_for_acknowledgement()
    story.send_back()
    story.wait_for_reveni(2)
    story.wait_for_the_held_one()
    _the_review_inbox_shows_it(fleet, story)
    story.replay_the_held_one()
    story.wait_for_reveni(3)
    story.judge()
    story.wait_for_the_end()
    story.check_books()
    _every_command_says_so(fleet, story)
    _a_second_fleet_is_refused_the_folder(fleet)
    _a_second_fleet_is_refused_the_ports(fleet)
    _what_is_kept_is_for_its_user_alone(fleet)
    _nothing_shows_a_shopper(fleet)
    _ends_in_time_and_leaves_nobody(fleet)


def test_up_without_settings_names_all_that_are_missing(tmp_path: Path) -> None:
    complaint = RunningFleet(tmp_path, {}).command("up", code=2)
    for name in ("MIRAKL_BASE_URL", "MIRAKL_API_KEY", "REVENI_STORE_ID", "REVENI_API_KEY"):
        assert f"{name} is missing" in complaint
    assert "Traceback" not in complaint


def _the_review_inbox_shows_it(fleet: RunningFleet, story: Story) -> None:
    (case,) = fleet.rows("review", "list")
    assert (case["kind"], case["subject"], case["reason"], case["state"]) == (
        "return", story.sent_back[BOOTS], "unmapped_return_reason", "open",
    )  # fmt: skip
    assert story.sent_back[BOOTS] not in story.sandbox.books()["reveni_returns"]


def _every_command_says_so(fleet: RunningFleet, story: Story) -> None:
    standing = fleet.rows("status")
    assert standing["orders"] == {"acknowledged": OTHERS + len(LINES)}
    assert standing["returns"] == {"closed": len(LINES)}
    assert set(standing["heartbeat_ages"]) == set(QUEUES)
    assert fleet.rows("review", "list") == []
    # The sandbox pays before the poll that follows a refund has seen it.
    wait_until(
        lambda: {row["state"] for row in fleet.rows("refunds", "list")} == {"refunded"}, what="refunds seen as paid"
    )
    refunds = {row["order_id"]: row for row in fleet.rows("refunds", "list")}
    assert {
        sku: (Decimal(refunds[story.bought[sku]]["amount"]), Decimal(refunds[story.bought[sku]]["shipping_amount"]))
        for sku in REFUNDED
    } == REFUNDED
    explained = fleet.command("refunds", "explain", refunds[story.bought[DRESS]]["refund_id"])
    assert "34.99" in explained
    assert "2.50" in explained
    moved = {row["sku"]: row["state"] for row in fleet.rows("stock", "list")}
    assert (moved[COAT], moved[DRESS]) == ("done", "done")
    assert moved.get(BOOTS) in (None, "excluded")


def _a_second_fleet_is_refused_the_folder(fleet: RunningFleet) -> None:
    assert "already runs" in fleet.command("up", code=2)


def _says_a_line_for_each_process_until_it_is_ready(fleet: RunningFleet) -> None:
    wait_until(lambda: "ready after" in fleet.log(), what="that `up` says so")
    said = fleet.log().partition("ready after")[0].splitlines()
    started = [line.split()[1] for line in said if "-- started as" in line]
    assert started == ["broker", *load_procfile()]
    assert len(said) - len(started) <= 9, fleet.log()


def _a_second_fleet_is_refused_the_ports(fleet: RunningFleet) -> None:
    second = RunningFleet(fleet.data_dir.parent / "second", fleet.environment)
    ports = {name: fleet.environment[name] for name in ("WEB_PORT", "FLOWER_PORT")}
    second.environment |= ports
    second.log_file.parent.mkdir()
    complaint = second.command("up", code=2)
    for name, port in ports.items():
        assert f"{name} {port} is taken" in complaint
    assert not (second.data_dir / "ledger.sqlite3").exists()


def _what_is_kept_is_for_its_user_alone(fleet: RunningFleet) -> None:
    kept = [fleet.data_dir, *fleet.data_dir.rglob("*")]
    assert {path.name for path in kept} >= {"ledger.sqlite3", "ledger.sqlite3-wal", "broker.url", "valkey.conf"}
    assert [path for path in kept if path.exists() and path.stat().st_mode & 0o077] == []


def _nothing_shows_a_shopper(fleet: RunningFleet) -> None:
    """Neither what is kept nor what is shown: the ledger, the broker and its file, the log, the figures."""
    kept = {path: path.read_bytes() for path in fleet.data_dir.rglob("*") if path.is_file()}
    assert fleet.data_dir / "ledger.sqlite3" in kept
    shown = {fleet.log_file: fleet.log().encode(), "redis": _redis_dump(fleet), "metrics": _metrics(fleet)}
    assert [name for name, content in (kept | shown).items() if CANARY in content.lower()] == []


def _redis_dump(fleet: RunningFleet) -> bytes:
    """Every key with what it holds, as it was written: DUMP would compress it."""
    with Redis.from_url(fleet.broker_url) as client:
        read = {
            b"string": client.get,
            b"list": lambda key: client.lrange(key, 0, -1),
            b"set": client.smembers,
            b"hash": client.hgetall,
            b"zset": lambda key: client.zrange(key, 0, -1),
        }
        return repr(
            [(key, read[kind](key)) for key in client.scan_iter() if (kind := client.type(key)) in read]
        ).encode()


def _metrics(fleet: RunningFleet) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{fleet.settings.metrics_port}/metrics", timeout=10) as answer:
        content: bytes = answer.read()
    assert b"backhaul" in content
    return content


def _ends_in_time_and_leaves_nobody(fleet: RunningFleet) -> None:
    pids = fleet.pids()
    assert len(pids) > len(QUEUES)
    began = time.monotonic()
    assert fleet.stop() == 0, fleet.log()
    assert time.monotonic() - began < STOPS_WITHIN
    assert [pid for pid in pids if lives(pid)] == []
