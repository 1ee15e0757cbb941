"""What cannot be read or stored is a case: one document of the other side's, with its id and in what it does not fit.

The case closes by itself when a version of the document is read that fits.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import partial
from typing import NamedTuple

from integration.ledger.fitting import row_misfits
from integration.ledger.marks import alert_once
from integration.ledger.reviews import close_review, open_for, open_review
from integration.ledger.store import Tx
from integration.ledger.tables import ReviewRow
from integration.wire import Misfit

log = logging.getLogger(__name__)


class Kind(NamedTuple):
    """A kind of document: its review's kind, what it is called, and the operation that shows it."""

    review_kind: str
    words: str
    operation: str

    @property
    def reason(self) -> str:
        return f"unreadable_{self.review_kind}"


TRANSACTION = Kind("transaction", "line of the account", "TL02")
CYCLE = Kind("cycle", "billing cycle", "SBC11")
DOCUMENT = Kind("document", "accounting document", "IV01")
KINDS = (TRANSACTION, CYCLE, DOCUMENT)


def note_unreadable(tx: Tx, kind: Kind, misfits: Iterable[Misfit], *, read_from: datetime | None = None) -> None:
    """Put each into the inbox, once for each way of not fitting, and tell of all of them together.

    :param read_from: from where on it is to be read again.
    """
    new = 0
    for misfit in misfits:
        subject = _subject(misfit)
        if not alert_once(tx, kind.reason, _hash(f"{subject} {misfit.what}")):
            continue
        new += 1
        open_review(
            tx, kind=kind.review_kind, subject=subject, reason=kind.reason, alert=False,
            detail=f"{kind.operation} shows {kind.words} {subject}, which cannot be taken over: {misfit.what}. All "
            "others are. It is read again, and this case closes by itself when it fits; ask the operator about it.",
            evidence={"misfit": misfit.what, "read_from": read_from.isoformat() if read_from else None},
        )  # fmt: skip
    if new:
        told = "%s shows %d %s(s) that cannot be taken over: see `backhaul review list`"
        extra = {"alert": "held", "kind": kind.review_kind, "reason": kind.reason}
        tx.after_commit.append(partial(log.error, told, kind.operation, new, kind.words, extra=extra))


def can_be_read(tx: Tx, kind: Kind, ids: Collection[str]) -> None:
    """Close the cases of these: they fit now."""
    for review in unreadable(tx, kind):
        if review.subject in ids:
            close_review(tx, review, resolution="it can be read by now")


def unreadable(tx: Tx, kind: Kind) -> list[ReviewRow]:
    """What cannot be read, and is waited for."""
    return open_for(tx, kind=kind.review_kind, reason=kind.reason)


def _subject(misfit: Misfit) -> str:
    if not misfit.id:
        return f"without id ({_hash(misfit.what)})"
    return misfit.id if not row_misfits(ReviewRow, {"subject": misfit.id}) else f"sha256:{_hash(misfit.id)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
