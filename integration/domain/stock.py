"""What an offer's level says of our stock imports, and telling "not live yet" from "no". Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from integration.domain.retry import RetryPolicy

NOT_LIVE_YET = re.compile(
    r"staging|pending|synchroni[sz]|not (yet )?live|not yet|waiting for|being (created|validated)",
    re.IGNORECASE,
)
"""Mirakl's refusals are text for people and have no codes, so they are matched loosely (contracts: OF03, OF21)."""

PARKED = RetryPolicy(first=300.0, longest=21_600.0)
"""Seconds between tries of a line whose product is not live yet: five minutes, growing to six hours."""


FOR_WANT_OF_STOCK = frozenset(
    {
        "ZERO_QUANTITY",
        "AVAILABLE_QUANTITY_LESS_THAN_MIN_ORDER_QUANTITY",
        "AVAILABLE_QUANTITY_LESS_THAN_PACKAGE_QUANTITY",
    }
)
"""OF21 `inactivity_reasons` that a stock import mends."""


def shows_live(active: bool | None, inactivity_reasons: Collection[str]) -> bool:
    """Whether OF21 shows a product that takes stock: its offer is active, or inactive for want of stock alone."""
    return bool(active) or (bool(inactivity_reasons) and FOR_WANT_OF_STOCK.issuperset(inactivity_reasons))


def what_a_refusal_means(message: str) -> Literal["parked", "held"]:
    """`parked`: the product is not live yet, the line will be tried again by itself. `held`: a person is asked."""
    return "parked" if NOT_LIVE_YET.search(message) else "held"


@dataclass(frozen=True)
class StockSent:
    """One line of an import: the offer's quantity before, the units that came back, the absolute quantity sent.

    `sent` is `before + units`, or, where there is a stock master, the master's level, which has the units in it.
    `live`: OF21 showed the product live at that time.
    """

    sku: str
    before: int
    units: int
    sent: int
    live: bool = False


def has_landed(line: StockSent, level: int | None) -> bool:
    """Whether the offer's quantity now shows that a line of an import without an answer has landed.

    Sales only lower a level, so one above `before`, and not above `sent`, is our doing, and so is exactly `sent`. Any
    other shows nothing: at `before`, nothing has landed, or it has and as many were sold as came back; below it, the
    same with more sales. That a line did not land, no level shows.
    """
    return level is not None and (line.before < level <= line.sent or level == line.sent)


def sales_explain(line: StockSent, level: int, *, applied: bool) -> bool:
    """Whether an offer stands where an import left it, but for sales, which only take units off.

    :param applied: Mirakl says that it set the line (STO02 COMPLETE), and not that it left all as it was (FAILED).
    """
    return level <= (line.sent if applied else line.before)
