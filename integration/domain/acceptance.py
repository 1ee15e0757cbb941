"""Whether an order is accepted, and whether all that wait will be in time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from integration.errors import Held

UnknownSku = Literal["accept", "hold", "refuse"]


def decide_acceptance(
    order_id: str,
    offer_skus: Mapping[str, str | None],
    *,
    unknown_sku: UnknownSku,
    is_known: Callable[[str], bool],
) -> dict[str, bool]:
    """Accept every line, unless the seller's rule says otherwise of a line whose offer SKU is not in `skus.csv`.

    OR21 takes accepted and refused lines of one order together only where the operator allows it, and neither PC01
    nor any other answer says whether it does: an order of which some lines are known is held, never split.

    :param offer_skus: the offer SKU by order line id.
    :returns: by order line id, as OR21 wants it: all of the order's lines.
    :raises Held: `unknown_offer_sku`, `order_without_lines`.
    """
    if not offer_skus:
        raise Held("order_without_lines", f"OR11 shows order {order_id} without a line: look at it on Mirakl.")
    unknown = sorted(line for line, sku in offer_skus.items() if not sku or not is_known(sku))
    if unknown_sku == "accept" or not unknown:
        return dict.fromkeys(offer_skus, True)
    if unknown_sku == "refuse" and len(unknown) == len(offer_skus):
        return dict.fromkeys(offer_skus, False)
    named = ", ".join(f"{offer_skus[line] or '(none)'} of line {line}" for line in unknown)
    raise Held(
        "unknown_offer_sku",
        f"Order {order_id}: skus.csv does not have {named}. To accept it, replay it; to refuse it, do so on Mirakl. "
        "Its acceptance time is running.",
        {"unknown": {line: offer_skus[line] for line in unknown}},
    )


@dataclass(frozen=True)
class Forecast:
    """What becomes of the waiting orders at the present rate.

    :param rate: acknowledged orders a second, lately.
    :param first_late: the deadline of the first order that will not make it, and how many make it before; None
        where all do.
    """

    waiting: int
    rate: float
    first_late: datetime | None

    @property
    def all_in_time(self) -> bool:
        return self.first_late is None


def forecast(deadlines: Sequence[datetime], *, now: datetime, acknowledged: int, seconds: float) -> Forecast:
    """Will every waiting order be acknowledged in time, the nearest deadline first, at the rate of the last while?

    :param deadlines: of the waiting orders, nearest first; aware, UTC.
    :param acknowledged: how many were acknowledged in the last `seconds`.
    """
    rate = acknowledged / seconds
    for place, deadline in enumerate(deadlines, start=1):
        if rate == 0.0 or now + timedelta(seconds=place / rate) > deadline:
            return Forecast(len(deadlines), rate, deadline)
    return Forecast(len(deadlines), rate, None)
