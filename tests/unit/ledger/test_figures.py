"""The figures come out the same on every database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integration.ledger.engine import make_engine
from integration.ledger.figures import BOUNDS, figures
from integration.ledger.intents import decide
from integration.ledger.migrations import migrate
from integration.ledger.orders import add_order
from integration.ledger.store import Ledger


def test_an_empty_ledger_has_figures_too(database_url: str) -> None:
    engine = make_engine(database_url)
    migrate(engine)
    with Ledger(engine, shop="default", who="test").read() as tx:
        counted = figures(tx)
    assert counted.intents == counted.orders == counted.reviews == counted.movements == {}
    assert counted.nearest_deadline is None
    assert counted.oldest_movement == 0.0
    assert counted.since_created.within == (0,) * len(BOUNDS)
    assert (counted.since_seen.count, counted.since_seen.seconds) == (0, 0.0)
    engine.dispose()


def test_what_stands_in_the_ledger_is_counted_and_timed(database_url: str) -> None:
    engine = make_engine(database_url)
    migrate(engine)
    ledger = Ledger(engine, shop="default", who="test")
    with ledger.write() as tx:
        decide(tx, "accept_order", "o1")
        order = add_order(
            tx, order_id="o1", commercial_id=None, lines=[], created_date=tx.now - timedelta(seconds=72.5),
            deadline=tx.now + timedelta(hours=24),
        )  # fmt: skip
        order.state, order.acknowledged_at, order.acknowledged_by = "acknowledged", tx.now, "us"
    with ledger.read() as tx:
        counted = figures(tx)
    assert counted.intents == {("accept_order", "decided"): 1}
    assert counted.orders == {("acknowledged",): 1}
    within = dict(zip(BOUNDS, counted.since_created.within, strict=True))
    assert (within[60], within[75], within[86_400]) == (0, 1, 1)
    assert counted.since_created.seconds == pytest.approx(72.5, abs=0.01)
    assert counted.since_seen.seconds == pytest.approx(0.0, abs=0.01)
    engine.dispose()
