"""Offers held against what was sent for them: only sales may have happened to them since (docs/decisions/0007)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from integration.domain.stock import StockSent, has_landed, sales_explain
from integration.errors import Held
from integration.ledger.reviews import resolved_for
from integration.ledger.stock import lines_sent
from integration.ledger.tables import Intent, MovementRow
from integration.usecases.ports import Ports
from integration.usecases.read_offers import Offer

STRAY_WITHIN = 900.0
"""Seconds after an import in which an offer that stands above what was sent is taken for somebody else's hand, or for
a file of ours that landed late: an unknown outcome is settled within them. Later, it is new goods."""

UNEXPLAINED = "stock_level_unexplained"


def not_landed(intent: Intent, offers: Mapping[str, Offer]) -> dict[str, Held]:
    """The lines of the file that this intent sent last, and that was not answered, of which the offers do not show
    that they have landed; each as the case it becomes where nothing more can be read.
    """
    lines = [StockSent(**line) for line in intent.plan["lines"]]
    levels = {sku: offer.quantity for sku, offer in offers.items()}
    return {
        line.sku: _unclear(line, levels.get(line.sku)) for line in lines if not has_landed(line, levels.get(line.sku))
    }


def unexplained_before_the_next(
    ports: Ports, intent: Intent, offers: Mapping[str, Offer], carried: Sequence[MovementRow]
) -> dict[str, Held]:
    """Offers that stand above our last import of them, too soon after it for new goods; but for those of movements
    that a person has looked at since and replayed. And those that show a file of this intent that was turned away
    (429, 401), and had no effect by that word.
    """
    with ports.ledger.read() as tx:
        sent = lines_sent(tx, since=tx.now - timedelta(seconds=ports.settings.scaled(STRAY_WITHIN)))
        resolved = resolved_for(tx, kind="stock", reason=UNEXPLAINED)
    vouched_for = {movement.sku for movement in carried if str(movement.id) in resolved}
    last = {line["sku"]: StockSent(**line) for line in sent if line["sku"] not in vouched_for}
    turned_away = {line["sku"]: StockSent(**line) for line in intent.plan.get("lines", [])}
    return unexplained(ports, last, offers, applied=True) | unexplained(ports, turned_away, offers, applied=False)


def overtaken(sent: Mapping[str, StockSent], newer: Mapping[str, StockSent]) -> dict[str, Held]:
    """Lines of an import that ended after newer files had gone. Where the newer one did not find its units, it was
    computed without them, and one of the two has overwritten the other.
    """
    return {
        sku: _unclear(sent[sku], line.before) for sku, line in newer.items() if not has_landed(sent[sku], line.before)
    }


def unexplained(
    ports: Ports, sent: Mapping[str, StockSent], offers: Mapping[str, Offer], *, applied: bool
) -> dict[str, Held]:
    """What sales do not explain, by SKU. A stock master's level is sent whatever the offer shows: nothing is added to
    it, so there is nothing to compare.
    """
    if ports.bigcommerce is not None:
        return {}
    return {
        sku: _not_explained(sent[sku], offer.quantity)
        for sku, offer in offers.items()
        if sku in sent and not sales_explain(sent[sku], offer.quantity, applied=applied)
    }


def _not_explained(line: StockSent, level: int) -> Held:
    return Held(
        UNEXPLAINED,
        f"The offer {line.sku} shows {level} units; our last import found {line.before}, added {line.units} and set "
        f"{line.sent}, and sales only take units off. Find out who else writes its stock. Units that are on sale: "
        "resolve with --done. Units that are not: replay.",
        {**vars(line), "now": level},
    )


def _unclear(line: StockSent, level: int | None) -> Held:
    return Held(
        "stock_outcome_ambiguous",
        f"Mirakl did not say in time what became of a stock file. The offer {line.sku} had {line.before} units, "
        f"{line.sent} were to be set, and it showed {'none' if level is None else level} afterwards: the file had not "
        "landed, or as many were sold. Compare with the orders on Mirakl. Units that are on sale: resolve with --done. "
        "Units that are not: replay.",
        {**vars(line), "now": level},
    )
