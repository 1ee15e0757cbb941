"""When a silence is told, at either pace."""

from __future__ import annotations

import pytest

from integration.domain.pace import POLLS, polls_of, silent_after, stale_after


@pytest.mark.parametrize(("scale", "seconds"), [(1.0, 30.0), (0.01, 8.0)])
def test_a_worker_counts_as_dead_after_three_heartbeats(scale: float, seconds: float) -> None:
    assert stale_after(scale) == seconds


@pytest.mark.parametrize("tier", ["shop", "external_partner"])
def test_no_silence_is_told_before_three_periods_are_over(tier: str) -> None:
    """S1: an alert is worth waking somebody."""
    for name, poll in polls_of(tier).items():
        assert silent_after(poll, 1.0) >= 3 * poll.period, name
        assert silent_after(poll, 0.0001) == (30.0 if poll.silent_after < 1e9 else silent_after(poll, 1.0))


def test_no_poll_is_made_more_often_than_design_says() -> None:
    """P2: Reveni's list every five minutes, though nothing of Reveni's says so."""
    assert {name: POLLS[name].period for name in ("poll_orders", "poll_returns", "poll_verdicts")} == {
        "poll_orders": 60.0, "poll_returns": 300.0, "poll_verdicts": 300.0,
    }  # fmt: skip
