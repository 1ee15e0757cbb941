"""Restock in figures: what is on its way to be on sale, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute

from integration.ledger.figures import Distribution, distribution, seconds_between
from integration.ledger.store import Tx
from integration.ledger.tables import MovementRow, StockImportRow

REFUSED = ("product_not_live_yet", "import_line_refused")
"""Reasons of movements whose line Mirakl refused (STO03), and that are not on sale since."""


@dataclass(frozen=True)
class StockFigures:
    """Of one shop.

    :param imports_in_flight: stock imports that are not over: one at most.
    :param refused: movements that are off sale since Mirakl refused their line, by reason.
    :param accepted: from *restocked* in Reveni, by Reveni's clock, to the answer to STO01.
    :param confirmed: from there to the end that STO02 told of.
    """

    imports_in_flight: int
    refused: dict[str, int]
    accepted: Distribution
    confirmed: Distribution


def stock_figures(tx: Tx) -> StockFigures:
    """Count everything once."""
    in_flight = select(func.count()).select_from(StockImportRow).filter_by(shop=tx.shop, finished_at=None)
    refused = (
        select(MovementRow.reason, func.count())
        .where(MovementRow.shop == tx.shop, MovementRow.state.in_(("parked", "held")), MovementRow.reason.in_(REFUSED))
        .group_by(MovementRow.reason)
    )
    return StockFigures(
        imports_in_flight=tx.session.scalar(in_flight) or 0,
        refused={str(reason): number for reason, number in tx.session.execute(refused)},
        accepted=_since_restocked(tx, StockImportRow.sent_at, "sent", "done"),
        confirmed=_since_restocked(tx, MovementRow.done_at, "done"),
    )


def _since_restocked(tx: Tx, until: InstrumentedAttribute[Any], *states: str) -> Distribution:
    """Of movements that an import carried: what a person settled by hand took as long as a person takes."""
    carried = (
        MovementRow.shop == tx.shop,
        MovementRow.import_id == StockImportRow.id,
        MovementRow.state.in_(states),
        MovementRow.restocked_at.is_not(None),
        until.is_not(None),
    )
    return distribution(tx, seconds_between(tx, MovementRow.restocked_at, until), *carried)
