"""Two payers would pay the shopper twice: what Reveni pays, Mirakl must not."""

from __future__ import annotations

from integration.errors import Held
from integration.ledger.marks import alert_once
from integration.ledger.refunds import Refund, refunds
from integration.ledger.reviews import open_review
from integration.ledger.store import Tx
from integration.ledger.tables import ReturnRow

PAID_BOTH = "reveni_paid_too"


def nobody_else_pays(row: ReturnRow) -> None:
    """To be asked before anything is sent.

    :raises Held: `reveni_pays_too`, `exchange`, `unknown_return_type`, `unknown_return_mode`.
    """
    if row.reveni_type == "exchange":
        raise Held(
            "exchange",
            f"Return {row.return_id} is an exchange in Reveni: no money is due on Mirakl by itself.",
        )
    if row.reveni_type != "refund":
        raise Held("unknown_return_type", f"Reveni gives return {row.return_id} the type {row.reveni_type!r}.")
    if _reveni_pays(row):
        raise Held("reveni_pays_too", f"Reveni has paid or will pay return {row.return_id} itself.",
                   {"mode": row.reveni_mode, "refunds": row.reveni_refunds})  # fmt: skip
    if row.reveni_mode != "not_instant":
        raise Held("unknown_return_mode", f"Reveni gives return {row.return_id} the mode {row.reveni_mode!r}.")


def tell_of_two_payers(tx: Tx, row: ReturnRow) -> None:
    """Say it, once for each thing that Reveni says, where it pays what Mirakl has refunded before."""
    if not _reveni_pays(row):
        return
    ours = [refund.row for refund in refunds(tx, return_id=row.return_id) if _is_or_may_be_made(refund)]
    said = f"{row.return_id} {row.reveni_mode} {' '.join(sorted(str(paid.get('id')) for paid in row.reveni_refunds))}"
    if ours and alert_once(tx, PAID_BOTH, said):
        made = ", ".join(refund.mirakl_refund_id or f"perhaps one ({refund.id})" for refund in ours)
        open_review(
            tx,
            kind="return",
            subject=row.return_id,
            reason=PAID_BOTH,
            detail=f"Reveni has paid or will pay return {row.return_id}, of which Mirakl has refunded {made} already: "
            "the shopper may have been paid twice.",
            evidence={"mode": row.reveni_mode, "refunds": row.reveni_refunds},
        )


def _is_or_may_be_made(refund: Refund) -> bool:
    """Mirakl has made it, or is making it at this moment, or was asked to and nobody knows the outcome."""
    if refund.row.mirakl_refund_id is not None or refund.state == "claimed":
        return True
    return refund.state != "dropped" and refund.intent is not None and refund.intent.sends > 0


def _reveni_pays(row: ReturnRow) -> bool:
    return row.reveni_mode == "instant" or bool(row.reveni_refunds)
