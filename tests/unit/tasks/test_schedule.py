"""What Beat rings for at the pace of production, and beside a simulator."""

from __future__ import annotations

from typing import Any

from integration.domain.pace import HEARTBEAT, LEAST_HEARTBEAT, POLLS
from integration.settings import Settings
from tasks.policy import POLICIES
from tasks.schedule import (
    ACCOUNT_READ_EVERY,
    ACCOUNT_READS,
    DAILY,
    LEAST,
    LEAST_HOUR,
    LONGEST,
    SHORTEST,
    SWEEP,
    WATCHES,
    WHEN_DUE,
    beat_schedule,
)


def schedule(scale: float, **over: Any) -> dict[str, float]:
    settings = Settings.model_validate({
        "mirakl_base_url": "http://127.0.0.1:9", "mirakl_api_key": "key", "reveni_store_id": "store",
        "reveni_api_key": "key", "call_interval_scale": scale, **over,
    })  # fmt: skip
    return {name: entry["schedule"] for name, entry in beat_schedule(settings).items()}


def test_each_entry_has_its_period_and_polls_are_rung_ahead_of_theirs() -> None:
    """P2: the ring of a poll is not its period; whatever has no period in the ledger is rung at its own."""
    rung = schedule(1.0)
    assert {name: rung[name] for name in WHEN_DUE} == dict.fromkeys(WHEN_DUE, LONGEST)
    assert {name: rung[name] for name in WATCHES} == WATCHES
    assert (rung["sweep"], rung["follow_refunds"]) == (SWEEP, POLLS["follow_refunds"].period)
    assert {rung[name] for name in ACCOUNT_READS} == {ACCOUNT_READ_EVERY}
    assert {name: rung[name] for name in DAILY} == {name: POLLS[name].period for name in DAILY}
    assert {rung[f"heartbeat-{queue}"] for queue in POLICIES} == {HEARTBEAT}
    assert schedule(1.0, mirakl_tier="external_partner")["poll_orders"] == LONGEST


def test_beside_a_simulator_nothing_is_rung_faster_than_a_machine_can() -> None:
    """P2: the floors."""
    rung = schedule(0.0001)
    assert {rung[name] for name in (*WHEN_DUE, "sweep", "follow_refunds")} == {SHORTEST}
    assert {rung[name] for name in (*WATCHES, *ACCOUNT_READS)} == {LEAST}
    assert {rung[name] for name in DAILY} == {LEAST_HOUR}
    assert {rung[f"heartbeat-{queue}"] for queue in POLICIES} == {LEAST_HEARTBEAT}
