"""Restock in figures: what is on its way to be on sale, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from integration.ledger.distributions import Distribution, distribution, seconds_between
from integration.ledger.store import Tx
from integration.ledger.tables import MovementRow, StockImportRow
from integration.ledger.tallies import Tally, total

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
    """Count everything, without reading what is long past."""
    tallies = restock_tallies(tx)
    # Not done yet, so that its line may still be refused: never many, and counted as they are now.
    sent = distribution(
        tx, seconds_between(tx, MovementRow.restocked_at, StockImportRow.sent_at), *_carried(tx, "sent")
    )
    return StockFigures(
        imports_in_flight=imports_in_flight(tx),
        refused=refused_lines(tx),
        accepted=total(tx, tallies["accepted"]) + sent,
        confirmed=total(tx, tallies["confirmed"]),
    )


def imports_in_flight(tx: Tx) -> int:
    """Stock imports that are not over."""
    unfinished = select(func.count()).select_from(StockImportRow).filter_by(shop=tx.shop, finished_at=None)
    return tx.session.scalar(unfinished) or 0


def refused_lines(tx: Tx) -> dict[str, int]:
    """Movements that are off sale since Mirakl refused their line, by reason."""
    refused = (
        select(MovementRow.reason, func.count())
        .where(MovementRow.shop == tx.shop, MovementRow.state.in_(("parked", "held")), MovementRow.reason.in_(REFUSED))
        .group_by(MovementRow.reason)
    )
    return {str(reason): number for reason, number in tx.session.execute(refused)}


def restock_tallies(tx: Tx) -> dict[str, Tally]:
    """Of movements that an import carried: what a person settled by hand took as long as a person takes."""
    steps: dict[str, InstrumentedAttribute[Any]] = {
        "accepted": StockImportRow.sent_at,
        "confirmed": MovementRow.done_at,
    }
    return {
        step: Tally(
            f"restock {step}",
            seconds_between(tx, MovementRow.restocked_at, until),
            MovementRow.done_at,
            _carried(tx, "done"),
        )
        for step, until in steps.items()
    }


def _carried(tx: Tx, state: str) -> tuple[ColumnElement[bool], ...]:
    return (
        MovementRow.shop == tx.shop,
        MovementRow.import_id == StockImportRow.id,
        MovementRow.state == state,
        MovementRow.restocked_at.is_not(None),
        StockImportRow.sent_at.is_not(None),
    )
