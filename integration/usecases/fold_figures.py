"""Count what is long past into what is kept of it, so that no look at the fleet's figures reads history."""

from __future__ import annotations

from integration.ledger.figures import acknowledgement_tallies
from integration.ledger.stock_figures import restock_tallies
from integration.ledger.tallies import fold
from integration.usecases.ports import Ports


def fold_figures(ports: Ports) -> str:
    """One transaction for each figure, since the first of a long history takes a while."""
    with ports.ledger.read() as tx:
        tallies = [*acknowledgement_tallies(tx).values(), *restock_tallies(tx).values()]
    for tally in tallies:
        with ports.ledger.write() as tx:
            fold(tx, tally)
    return "folded"
