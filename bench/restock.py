"""From the warehouse's verdict to stock on sale: how long until Mirakl has the file (STO01), and in how many files."""

from __future__ import annotations

import statistics
import time
from itertools import pairwise

from bench.figures import Figure
from bench.returned_units import LATENCY, Warehouse, returned_units

SINGLES, BURST, BURST_SKUS = 20, 500, 100
MINUTE = 60.0
"""Seconds that Mirakl wants between two stock files (STO01), before the scale."""

REOPENED = 0.5
"""Seconds after which a ceiling that opens is open by everybody's clock."""


def measure() -> list[Figure]:
    """Clocks run from the verdict in Reveni, whose webhook leaves at once, to the arrival of STO01 that carries it."""
    return [*_one_by_one(scale=0.01), *_burst(scale=1.0), *_trickle(scale=0.25)]


def _one_by_one(*, scale: float) -> list[Figure]:
    """Each finds the channel idle and the ceiling open."""
    with returned_units(SINGLES, skus=SINGLES, scale=scale) as warehouse:
        took = []
        for nth, unit in enumerate(warehouse.units, start=1):
            began = warehouse.judge(unit)
            warehouse.wait_until_on_sale(nth)
            took.append(warehouse.files()[-1] - began)
            time.sleep(MINUTE * scale + REOPENED)
    what = f"a unit on an idle fleet, {1000 * LATENCY:.0f} ms a call: webhook → STO01, median of {SINGLES}"
    return [
        Figure(what, statistics.median(took), "s", 0.25, "target"),
        Figure("… 95th percentile", statistics.quantiles(took, n=20)[-1], "s", 0.5, "target"),
    ]


def _burst(*, scale: float) -> list[Figure]:
    """All verdicts at once, each with a webhook of its own."""
    with returned_units(BURST, skus=BURST_SKUS, scale=scale) as warehouse:
        began = min([warehouse.judge(unit) for unit in warehouse.units])
        warehouse.wait_until_on_sale(BURST)
        files, on_sale = warehouse.files(), warehouse.on_sale()
    return [
        Figure(f"{BURST} units over {BURST_SKUS} SKUs at once: stock files", len(files), "", 2, "target"),
        Figure("… from the first webhook to the last file", files[-1] - began, "s", MINUTE * scale, "interval"),
        Figure("… units on sale by the sandbox's books", on_sale, "", BURST, "sent back"),
    ]


def _trickle(*, scale: float) -> list[Figure]:
    """A unit a second for two minutes, all of it scaled."""
    with returned_units(120, skus=120, scale=scale) as warehouse:
        judged = _judge_one_a_second(warehouse, scale)
        warehouse.wait_until_on_sale(len(judged))
        came, files = warehouse.file_of(), warehouse.files()
        violations = warehouse.ceiling_violations()
    interval = MINUTE * scale
    apart = min(later - earlier for earlier, later in pairwise(files))
    longest = max(came[sku] - at for sku, at in judged.items())
    return [
        Figure("a unit a second for two minutes, scaled: calls over a ceiling", violations, ""),
        Figure(f"… least time between two of {len(files)} files", apart, "s", interval, "interval"),
        Figure("… longest wait of a unit for its file", longest, "s", interval, "interval"),
    ]


def _judge_one_a_second(warehouse: Warehouse, scale: float) -> dict[str, float]:
    """When each SKU's one unit was judged."""
    began, judged = time.monotonic(), {}
    for nth, unit in enumerate(warehouse.units):
        time.sleep(max(0.0, began + nth * scale - time.monotonic()))
        judged[unit.sku] = warehouse.judge(unit)
    return judged
