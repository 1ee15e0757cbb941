"""Put what does not add up between the ledger and the account into the review inbox: each difference once."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from integration.domain.amounts import written
from integration.domain.reconciliation import EXCEPTIONS, Reconciled
from integration.domain.settlement_scope import Month
from integration.ledger.account_reads import account_read, end_read
from integration.ledger.marks import alert_once, given_alerts
from integration.ledger.reviews import close_review, open_review, reviews
from integration.ledger.settled_refunds import ours_on_lines
from integration.ledger.store import Tx
from integration.usecases.follow_refunds import STRANGER_SHOWN
from integration.usecases.look_for_refunds import look_for_refunds
from integration.usecases.ports import Ports
from integration.usecases.reconcile import reconciled

log = logging.getLogger(__name__)

PERIOD = 86_400.0
"""Seconds between two reviews of all that was refunded lately."""

LATELY = timedelta(days=92)
"""What was settled longer ago has been looked at many times."""

NAME = "differences"
UNSETTLED = frozenset({"decided", "claimed", "unknown"})


def review_differences(ports: Ports) -> str:
    """Once in a period: look for what the account does not show, then review; what was found, in words.

    :raises Retryable: Mirakl could not be read.
    """
    with ports.ledger.read() as tx:
        last = account_read(tx, NAME).complete_at
        if last is not None and last > tx.now - timedelta(seconds=ports.settings.scaled(PERIOD)):
            return "not due"
    look_for_refunds(ports)
    with ports.ledger.read() as tx:
        found = reconciled(tx, Month("lately", tx.now - LATELY, tx.now))
    with ports.ledger.write() as tx:
        opened = put_into_inbox(tx, found)
        end_read(tx, NAME, complete=True)
    return f"{len(found)} refunds held against the account, {opened} new differences"


def put_into_inbox(tx: Tx, refunds: Sequence[Reconciled]) -> int:
    """Open a review for each difference that is new, close those that are gone; how many were opened.

    A refund that others made is a case for a person where it stands on an order line that we refunded too: the shopper
    may have been paid twice. Any other is in the report alone.
    """
    opened = sum(_review(tx, refund) for refund in refunds if refund.refund.promised and refund.verdict in EXCEPTIONS)
    opened += _review_strangers(tx, [refund for refund in refunds if refund.verdict == "on_mirakl_but_not_ours"])
    _close_what_is_gone(tx, refunds)
    return opened


def _review(tx: Tx, refund: Reconciled) -> bool:
    known = refund.refund
    if refund.verdict == "ours_but_not_on_mirakl":
        what = (
            f"{written(refund.refunded, known.currency)} {known.currency} is confirmed, but its order (OR11) does not"
            " show it, and no billing cycle holds it"
        )
    else:
        what = "; ".join(f"{figure.bucket}: {figure.working}" for figure in refund.figures if figure.differs)
    detail = f"Refund {known.mirakl_refund_id} of order {known.order_id}: {what}."
    return _open_once(tx, known.refund_id or "", refund.verdict, detail, evidence_of(refund))


def _review_strangers(tx: Tx, strangers: Sequence[Reconciled]) -> int:
    beside = ours_on_lines(tx, {stranger.refund.order_line_id for stranger in strangers})
    opened, shown = 0, set(given_alerts(tx, STRANGER_SHOWN))
    for stranger in strangers:
        if stranger.refund.mirakl_refund_id in shown:
            continue
        ours = beside.get(stranger.refund.order_line_id, [])
        # While one of ours is not settled, the stranger may turn out to be it.
        if ours and not any(state in UNSETTLED for _, state in ours):
            opened += _open_once(tx, str(ours[-1][0]), stranger.verdict, _doubt(stranger, ours), evidence_of(stranger))
    return opened


def _doubt(stranger: Reconciled, ours: Sequence[tuple[uuid.UUID, str]]) -> str:
    known = stranger.refund
    return (
        f"Others refunded {written(stranger.refunded, known.currency)} {known.currency} on order line"
        f" {known.order_line_id} (refund {known.mirakl_refund_id}), which we refunded too"
        f" ({', '.join(str(refund_id) for refund_id, _ in ours)}): see whether the shopper was paid twice."
    )


def _open_once(tx: Tx, subject: str, reason: str, detail: str, evidence: dict[str, Any]) -> bool:
    """Not again for the same figures, also when a person has closed it: they know."""
    new = alert_once(tx, f"reconciliation:{reason}", f"{evidence['mirakl_refund_id']} {evidence['booked']}")
    if new:
        open_review(tx, kind="refund", subject=subject, reason=reason, detail=detail, evidence=evidence)
    return new


def _close_what_is_gone(tx: Tx, refunds: Iterable[Reconciled]) -> None:
    verdicts = {refund.refund.refund_id: refund.verdict for refund in refunds if refund.refund.promised}
    for review in reviews(tx):
        ours = review.kind == "refund" and review.reason in EXCEPTIONS and review.reason != "on_mirakl_but_not_ours"
        verdict = verdicts.get(review.subject)
        if ours and verdict is not None and verdict != review.reason:
            close_review(tx, review, resolution=f"the account shows it as {verdict} now")


def evidence_of(refund: Reconciled) -> dict[str, Any]:
    """The figures of a verdict, JSON-ready: amounts are strings in the refund's currency."""
    currency = refund.refund.currency
    return {
        "mirakl_refund_id": refund.refund.mirakl_refund_id,
        "currency": currency,
        "booked": " ".join(f"{figure.bucket}={written(figure.booked, currency)}" for figure in refund.figures),
        "figures": [
            {
                "part": figure.bucket,
                "expected": None if figure.expected is None else written(figure.expected, currency),
                "booked": written(figure.booked, currency),
                "working": figure.working,
                "transactions": [line.id for line in figure.lines],
            }
            for figure in refund.figures
        ],
    }
