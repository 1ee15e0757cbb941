"""Whether somebody else has worked on a return: another ledger of ours, a lost one, or a person on Mirakl.

Nothing on Mirakl or in Reveni says that a unit was put on sale, so what such a return brings may be on sale already.
"""

from __future__ import annotations

from integration.domain.returns import further_than_ours
from integration.errors import Held
from integration.ledger import intents
from integration.ledger.store import Tx
from integration.ledger.tables import ReturnRow


def unknown_past(tx: Tx, row: ReturnRow) -> Held | None:
    """`stock_of_unknown_past`, for units that would go on sale now; None where all that was done is known here."""
    further = further_than_ours(
        row.mirakl_state,
        received_by_us=_taken_by_us(tx, "receive_return", row),
        closed_by_us=_taken_by_us(tx, "close_return", row),
    )
    if not further and not row.judged_before_us:
        return None
    how = f"is {row.mirakl_state} on Mirakl, and this ledger has not taken it there"
    return Held(
        "stock_of_unknown_past",
        f"Return {row.return_id} {how if further else 'was judged in Reveni before this ledger knew of it'}: whoever "
        "worked on it may have put these units on sale. Units that are on sale: resolve with --done. Units that are "
        "not: replay.",
        {"mirakl_state": row.mirakl_state, "return_id": row.return_id},
    )


def _taken_by_us(tx: Tx, step: str, row: ReturnRow) -> bool:
    """Also where the step's answer was lost or is on its way: what left is ours, whatever became of it."""
    intent = intents.find(tx, step, row.return_id)
    return intent is not None and (intent.sends > 0 or intent.state in ("claimed", "unknown", "confirmed"))
