"""Two payers would pay the shopper twice: what Reveni pays, Mirakl must not, unless a person says so."""

from __future__ import annotations

from collections.abc import Collection

from integration.errors import Held
from integration.ledger.journal import journal_of
from integration.ledger.listings import open_reviews_of
from integration.ledger.marks import alert_once, forget_alerts, given_alerts
from integration.ledger.refunds import Refund, refunds
from integration.ledger.returns import lock_return
from integration.ledger.reviews import close_review, open_review
from integration.ledger.store import Tx
from integration.ledger.tables import Facts, Intent, RefundRow, ReturnRow

PAID_BOTH = "reveni_paid_too"

MIRAKL_PAYS = frozenset({"reveni_pays_too", "unknown_return_type", "unknown_return_mode"})
"""Held for what Reveni says of its return, where a person may say that Mirakl is to pay all the same."""

WORD = "mirakl_pays_though"
"""Where the journal keeps a person's word: beside what Reveni said at that time, since the word is about nothing else.
"""


def reveni_says(row: ReturnRow) -> Facts:
    """All that decides who pays, as Reveni said it last."""
    return {"type": row.reveni_type, "mode": row.reveni_mode, "refunds": row.reveni_refunds}


def words_of(tx: Tx, intent: Intent) -> list[Facts]:
    """What Reveni said each time when a person decided that Mirakl is to pay this refund."""
    return [entry.evidence[WORD] for entry in journal_of(tx, intent.id) if WORD in entry.evidence]


def nobody_else_pays(row: ReturnRow, *, words: Collection[Facts] = ()) -> None:
    """To be asked before anything is sent.

    :param words: what `words_of` the refund are: should Reveni say something new, that is another case.
    :raises Held: `reveni_pays_too`, `exchange`, `unknown_return_type`, `unknown_return_mode`.
    """
    said = reveni_says(row)
    if row.reveni_type == "exchange":
        raise Held(
            "exchange",
            f"Return {row.return_id} is an exchange in Reveni: no money is due on Mirakl by itself.",
            said,
        )
    if said in words:
        return
    if row.reveni_type != "refund":
        raise Held("unknown_return_type", f"Reveni gives return {row.return_id} the type {row.reveni_type!r}.", said)
    if _reveni_pays(row):
        raise Held("reveni_pays_too", f"Reveni has paid or will pay return {row.return_id} itself.", said)
    if row.reveni_mode != "not_instant":
        raise Held("unknown_return_mode", f"Reveni gives return {row.return_id} the mode {row.reveni_mode!r}.", said)


def tell_of_two_payers(tx: Tx, row: ReturnRow) -> None:
    """Open, renew or close the case of a return that both have paid or may have, by all that is known now.

    A person is told once for each thing that Reveni says, and once more when what may have been made was made.
    """
    paid = [refund for refund in refunds(tx, return_id=row.return_id) if _paid_unasked(tx, row, refund)]
    known = [one for one in open_reviews_of(tx, kind="return", subject=row.return_id) if one.reason == PAID_BOTH]
    if not paid:
        for review in known:
            why = "Mirakl has made none of its refunds" if _reveni_pays(row) else "Reveni does not pay it any more"
            close_review(tx, review, resolution=f"{why}: nothing was paid twice")
            told = [one for one in given_alerts(tx, PAID_BOTH) if one.startswith(f"{row.return_id} ")]
            forget_alerts(tx, PAID_BOTH, told)
        return
    said = f"{row.return_id} {row.reveni_mode} {' '.join(sorted(str(one.get('id')) for one in row.reveni_refunds))}"
    made = [refund.row.mirakl_refund_id for refund in paid if refund.row.mirakl_refund_id is not None]
    if alert_once(tx, PAID_BOTH, said if made else f"{said} perhaps") or known:
        evidence = {"mode": row.reveni_mode, "refunds": row.reveni_refunds}
        detail = f"Reveni has paid or will pay return {row.return_id}, {_in_words(paid, made)}"
        open_review(tx, kind="return", subject=row.return_id, reason=PAID_BOTH, detail=detail, evidence=evidence)


def settled_of(tx: Tx, refund: RefundRow) -> None:
    """More is known of this refund than before: see whether that opens or closes the case of its return."""
    row = lock_return(tx, refund.return_id or "")
    if row is not None:
        tx.session.flush()
        tell_of_two_payers(tx, row)


def _in_words(paid: list[Refund], made: list[str]) -> str:
    if made:
        return f"of which Mirakl has refunded {', '.join(made)} already: the shopper may have been paid twice."
    sent = ", ".join(str(refund.row.id) for refund in paid)
    return (
        f"of which refund {sent} was sent to Mirakl, and its outcome is not known yet: the shopper may be paid twice. "
        "Where Mirakl turns out not to have made it, this case closes by itself."
    )


def _paid_unasked(tx: Tx, row: ReturnRow, refund: Refund) -> bool:
    """Mirakl has made it, or may have, beside what Reveni pays, and nobody has decided that it should."""
    if not _reveni_pays(row) or not refund.may_be_made:
        return False
    return refund.intent is None or reveni_says(row) not in words_of(tx, refund.intent)


def _reveni_pays(row: ReturnRow) -> bool:
    return row.reveni_mode == "instant" or bool(row.reveni_refunds)
