"""Offers held against what was sent for them: only sales may have happened to them since (docs/decisions/0007)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from integration.domain.stock import StockSent, all_landed, sales_explain
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


def has_landed(intent: Intent, offers: Mapping[str, Offer]) -> bool:
    """Whether the file that this intent sent last, and that was not answered, has had its effect.

    :raises Held: the offers' levels do not tell.
    """
    lines = [StockSent(**line) for line in intent.plan["lines"]]
    levels = [(line, offers[line.sku].quantity if line.sku in offers else None) for line in lines]
    verdict = all_landed(levels)
    if verdict is None:
        raise Held(
            "stock_outcome_ambiguous",
            "An import has no known outcome and the offers' quantities do not tell: compare them with what was "
            "sent, then replay the movements that did not arrive.",
            {"lines": [{**vars(line), "now": level} for line, level in levels]},
        )
    return verdict


def unexplained_before_the_next(
    ports: Ports, offers: Mapping[str, Offer], carried: Sequence[MovementRow]
) -> dict[str, Held]:
    """Offers that stand above our last import of them, too soon after it for new goods; but for those of movements
    that a person has looked at since and replayed.
    """
    with ports.ledger.read() as tx:
        sent = lines_sent(tx, since=tx.now - timedelta(seconds=ports.settings.scaled(STRAY_WITHIN)))
        resolved = resolved_for(tx, kind="stock", reason=UNEXPLAINED)
    vouched_for = {movement.sku for movement in carried if str(movement.id) in resolved}
    last = {line["sku"]: StockSent(**line) for line in sent if line["sku"] not in vouched_for}
    return unexplained(ports, last, offers, applied=True)


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
