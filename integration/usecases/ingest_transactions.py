"""Read the seller's account from Mirakl (TL02) page by page, so that whatever interrupts it loses one page at most.

Pages come with the oldest change first: the newest change that is stored is the point to go on from.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from integration.errors import CredentialsRefused, Retryable
from integration.ledger.account_reads import account_read, begin_read, end_read, renew_read
from integration.ledger.accounts import store_lines
from integration.ledger.fitting import row_misfits
from integration.ledger.marks import alert_every, move_watermark, watermark
from integration.ledger.polls import ACCOUNT, begin_poll, poll_failed
from integration.ledger.store import Tx
from integration.ledger.tables import TransactionRow
from integration.mirakl.client import Mirakl
from integration.mirakl.operations import TL02
from integration.mirakl.wire import TransactionLine
from integration.money import plausible
from integration.usecases.polling import overlap
from integration.usecases.ports import Ports
from integration.usecases.unreadable import TRANSACTION, can_be_read, note_unreadable, unreadable
from integration.wire import Misfit, Shown

log = logging.getLogger(__name__)

BACK_FILL = timedelta(days=396)
"""How far the first read reaches back: thirteen months, so that last year's month can be laid beside this year's."""

PERIOD = 3_600.0
"""Seconds between two reads: Mirakl recommends twenty a day and allows sixty calls an hour."""

PATIENCE = 62.0
"""Seconds to wait for the ceiling between two pages: twenty a minute may be read. A ceiling that is closed for longer
ends the pass. Waiting matters: a cycle's lines all change at once, and a pass that goes on from their one moment
begins again with the first of them.
"""

LEASE = 180.0
"""Seconds without a page after which another reader may take over."""

READ_AGAIN = 86_400.0
"""Seconds between two readings of lines that cannot be taken over: all that changed since is read for them."""

OTHERS_FINISH_WITHIN = 10.0
"""Seconds that a person waits for another reader, who has mostly a page or two to read."""

NO_ACCESS = (
    "Mirakl does not let this key read the account ({refusal}): give its user the role ROLE_SHOP_ACCOUNTANCY, "
    "or ROLE_PARTNER_TRANSACTION_LOG_READ for an external partner"
)


class Outcome(NamedTuple):
    """What became of a read, in words. `lacking`: something that was asked for is not there."""

    words: str
    lacking: bool = False


CLOSED = Outcome("the published ceiling is closed: the rest follows when it opens", lacking=True)

Progress = Callable[[datetime, datetime, datetime], None]
"""Told after each page: where the pass began, how far it has come, and where it ends."""


def unwatched(_began: datetime, _reached: datetime, _ends: datetime) -> None:
    """Nobody watches."""


def ingest_transactions(ports: Ports, *, at_once: bool = False, progress: Progress = unwatched) -> Outcome:
    """One pass over what changed since the last.

    :param at_once: also when the last pass is younger than `PERIOD`, and as soon as another reader is done.
    :raises Retryable: Mirakl could not be read; what was stored stays.
    """
    lease = max(ports.settings.claim_lease, ports.settings.scaled(LEASE))
    if not at_once and not _is_due(ports):
        return Outcome("not due")
    if not _begin(ports, lease, patience=OTHERS_FINISH_WITHIN if at_once else 0.0):
        return Outcome("somebody else is reading it at this moment", lacking=True)
    with ports.ledger.write() as tx:
        begin_poll(tx, ACCOUNT)
    complete, refusal = False, None
    try:
        complete = _read_pages(ports, lease, progress)
    except CredentialsRefused as refused:
        refusal = NO_ACCESS.format(refusal=refused)
        log.error("%s", refusal, extra={"alert": "account_refused"})
    except Retryable as failure:
        with suppress(Exception), ports.ledger.write() as tx:
            poll_failed(tx, ACCOUNT, str(failure))
        raise
    finally:
        with ports.ledger.write() as tx:
            end_read(tx, TL02.code, complete=complete, refusal=refusal)
    if refusal:
        return Outcome(refusal, lacking=True)
    return _outcome(ports) if complete else CLOSED


def _outcome(ports: Ports) -> Outcome:
    with ports.ledger.read() as tx:
        missing = len(unreadable(tx, TRANSACTION))
    if missing:
        return Outcome(f"read to the end, but for {missing} line(s): see `backhaul review list`", lacking=True)
    return Outcome("read to the end")


def require_account_access(mirakl: Mirakl, *, now: datetime) -> None:
    """Make one call of TL02, for checking the setup; it counts against the ceiling.

    :raises CredentialsRefused: the key lacks the role, and what to do.
    :raises Retryable: the ceiling is closed, or Mirakl does not answer.
    """
    try:
        next(mirakl.transaction_lines(now), None)
    except CredentialsRefused as refused:
        raise CredentialsRefused(NO_ACCESS.format(refusal=refused)) from None


def _is_due(ports: Ports) -> bool:
    with ports.ledger.read() as tx:
        state = account_read(tx, TL02.code)
        lately = tx.now - timedelta(seconds=ports.settings.scaled(PERIOD))
    return not any(moment is not None and moment > lately for moment in (state.complete_at, state.refused_at))


def _begin(ports: Ports, lease: float, *, patience: float) -> bool:
    """Whether it is ours to read."""
    give_up = time.monotonic() + patience
    while True:
        with ports.ledger.write() as tx:
            if begin_read(tx, TL02.code, lease=lease):
                return True
        if time.monotonic() >= give_up:
            return False
        time.sleep(0.2)


def _read_pages(ports: Ports, lease: float, progress: Progress) -> bool:
    """Whether the pass came to its end."""
    with ports.ledger.write() as tx:
        started, mark = tx.now, watermark(tx, TL02.code)
        missed = _first_unreadable(ports, tx)
    since = min((mark or started - BACK_FILL), missed or started) - overlap(ports)
    reached = since
    pages = ports.mirakl.transaction_lines(since)
    while _wait_for_the_ceiling(ports):
        try:
            page = next(pages, None)
        except Retryable as closed:
            if closed.retry_after is None or isinstance(closed, CredentialsRefused):
                raise
            return False
        with ports.ledger.write() as tx:
            if page is None:
                move_watermark(tx, TL02.code, started)
                return True
            newest = _store_page(tx, page, reached=reached)
            if newest is not None:
                reached = max(reached, newest)
                move_watermark(tx, TL02.code, newest)
                progress(since, newest, started)
            renew_read(tx, TL02.code, lease=lease)
    return False


def _first_unreadable(ports: Ports, tx: Tx) -> datetime | None:
    """From where on lines are to be read again that could not be taken over, once a day: Mirakl may mend a line
    without a new date, and has no call for a single one.
    """
    moments = [review.evidence.get("read_from") for review in unreadable(tx, TRANSACTION)]
    known = [datetime.fromisoformat(moment) for moment in moments if moment]
    if not known or not alert_every(tx, "TL02_again", seconds=ports.settings.scaled(READ_AGAIN)):
        return None
    return min(known)


def _wait_for_the_ceiling(ports: Ports) -> bool:
    """Whether one more page may be asked for, now or after a short wait."""
    wait = ports.gate.opens_in(TL02)
    if wait > ports.settings.scaled(PATIENCE):
        return False
    time.sleep(wait)
    return True


def _store_page(tx: Tx, page: Shown[TransactionLine], *, reached: datetime) -> datetime | None:
    """Store what can be stored, and make a case of what cannot; the newest change among what is stored."""
    rows, misfits = [], list(page.misfits)
    for line in page.items:
        row = _row(line)
        problems = _problems(line, row)
        if problems:
            misfits.append(Misfit(line.id, ", ".join(problems)))
        else:
            rows.append(row)
    store_lines(tx, rows)
    can_be_read(tx, TRANSACTION, {row["transaction_id"] for row in rows})
    note_unreadable(tx, TRANSACTION, misfits, read_from=reached)
    return max((row["last_updated"] for row in rows), default=None)


def _problems(line: TransactionLine, row: dict[str, Any]) -> list[str]:
    problems = row_misfits(TransactionRow, row)
    if len(line.currency_iso_code or "") != 3:
        problems.append("currency is no code of three letters")
    return problems


def _row(line: TransactionLine) -> dict[str, Any]:
    amount = line.amount
    if amount is None and line.amount_credited is not None and line.amount_debited is not None:
        amount = _difference(line.amount_credited, line.amount_debited)
    updated = line.last_updated or line.date_created
    return {
        "transaction_id": line.id,
        "type": line.type,
        "amount": amount,
        "currency": line.currency_iso_code,
        "date_created": line.date_created or updated,
        "last_updated": updated,
        "payment_state": line.payment_state,
        "cycle_id": line.seller_billing_cycle_id,
        "billed_at": updated if line.seller_billing_cycle_id else None,
        "document_number": line.accounting_document_number,
        "order_id": line.order_id,
        "order_line_id": line.order_line_id,
        "refund_id": line.refund_id,
        "tax_code": line.tax_code,
    }


def _difference(credited: Decimal, debited: Decimal) -> Decimal | None:
    """Exactly, or None where one of them is no amount: the usual arithmetic would round it without a word."""
    return credited - debited if plausible(credited) and plausible(debited) else None
