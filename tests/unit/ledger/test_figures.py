"""The figures come out the same on every database."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from integration.ledger.distributions import BOUNDS
from integration.ledger.engine import make_engine
from integration.ledger.figures import figures
from integration.ledger.intents import decide
from integration.ledger.migrations import migrate
from integration.ledger.orders import add_order
from integration.ledger.stock import add_movement, open_import
from integration.ledger.stock_figures import stock_figures
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


def test_restock_is_counted_and_timed_from_what_reveni_said(database_url: str) -> None:
    engine = make_engine(database_url)
    migrate(engine)
    ledger = Ledger(engine, shop="default", who="test")
    with ledger.write() as tx:
        moved = partial(add_movement, tx, return_id="R-1", sku="SKU-1", quantity=1, location=None)
        over = open_import(tx)
        over.sent_at, over.finished_at = tx.now - timedelta(seconds=30), tx.now
        tx.session.flush()
        in_flight = open_import(tx)
        in_flight.sent_at = tx.now
        restocked_at = tx.now - timedelta(seconds=70)
        done = moved(order_line_id="L-1", state="done", reason=None, restocked_at=restocked_at)
        done.import_id, done.done_at = over.id, tx.now
        sent = moved(order_line_id="L-2", state="sent", reason=None, restocked_at=restocked_at)
        sent.import_id = in_flight.id
        by_hand = moved(order_line_id="L-3", state="done", reason=None, restocked_at=restocked_at)
        by_hand.done_at = tx.now
        for line, state, reason in (
            ("L-4", "parked", "product_not_live_yet"),
            ("L-5", "held", "import_line_refused"),
            ("L-6", "held", "no_such_offer"),
        ):
            moved(order_line_id=line, state=state, reason=reason)
    with ledger.read() as tx:
        counted = stock_figures(tx)
    assert counted.imports_in_flight == 1
    assert counted.refused == {"product_not_live_yet": 1, "import_line_refused": 1}
    accepted = dict(zip(BOUNDS, counted.accepted.within, strict=True))
    assert (accepted[30], accepted[60], accepted[75]) == (0, 1, 2)
    assert counted.accepted.seconds == pytest.approx(110, abs=0.5)
    assert counted.confirmed.count == 1
    assert counted.confirmed.seconds == pytest.approx(70, abs=0.5)
    engine.dispose()
