"""Refunds beside payouts, cycle by cycle, as bars. Geometry alone: money becomes pixels here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from integration.domain.amounts import written
from integration.domain.reconciliation import ZERO
from integration.domain.settlement import Payout

HEIGHT = 180
BAR = 34
GROUP = 110
MOST_CYCLES = 12
"""A year of monthly cycles; more would not be legible on a phone."""


@dataclass(frozen=True)
class Bar:
    """A bar of the chart: `kind` is refunds or payout; x, y and height are in pixels from the top left."""

    kind: str
    x: int
    y: int
    height: int
    label: str


@dataclass(frozen=True)
class Chart:
    """Bars in one currency, two for each cycle, with the day of each cycle under them."""

    currency: str
    width: int
    bars: tuple[Bar, ...]
    days: tuple[tuple[int, str], ...]


def charts(payouts: Sequence[Payout]) -> list[Chart]:
    """One chart for each currency that was paid out in, of its newest cycles."""
    currencies = sorted({payout.currency for payout in payouts})
    return [
        _chart(code, [payout for payout in payouts if payout.currency == code][-MOST_CYCLES:]) for code in currencies
    ]


def _chart(currency: str, payouts: Sequence[Payout]) -> Chart:
    amounts = [(abs(payout.parts.get("refunds", ZERO)), payout.cycle.transferred or ZERO) for payout in payouts]
    most = max((abs(amount) for pair in amounts for amount in pair), default=ZERO) or Decimal(1)
    bars, days = [], []
    for place, (payout, (refunds, transferred)) in enumerate(zip(payouts, amounts, strict=True)):
        left = place * GROUP + 15
        bars += [
            _bar("refunds", left, refunds, most, currency),
            _bar("payout", left + BAR + 12, transferred, most, currency),
        ]
        made = payout.cycle.created
        days.append((left + BAR + 6, payout.cycle.id[:8] if made is None else made.date().isoformat()))
    return Chart(currency, GROUP * len(payouts), tuple(bars), tuple(days))


def _bar(kind: str, x: int, amount: Decimal, most: Decimal, currency: str) -> Bar:
    height = int(abs(amount) / most * HEIGHT)
    return Bar(kind, x, HEIGHT - height, height, written(amount, currency))
