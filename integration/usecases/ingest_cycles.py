"""Read billing cycles with their payouts (SBC11) and accounting documents (IV01), each at most once a day.

The day's one call is kept until there is something to learn: a cycle that a line of the account names and nobody
knows yet, or one that is not paid. So whoever closes the month finds the ceiling open when a new cycle is there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from integration.answers import Operation
from integration.errors import CredentialsRefused
from integration.ledger.account_reads import end_read
from integration.ledger.accounts import lacks_cycles, lacks_documents, store_cycles, store_documents
from integration.ledger.fitting import row_misfits
from integration.ledger.store import Tx
from integration.ledger.tables import Base, CycleRow, DocumentRow
from integration.mirakl.operations import IV01, SBC11
from integration.mirakl.wire import BillingCycle, Invoice
from integration.usecases.ingest_transactions import BACK_FILL, CLOSED, NO_ACCESS, Outcome
from integration.usecases.polling import at_the_ceiling
from integration.usecases.ports import Ports
from integration.usecases.unreadable import CYCLE, DOCUMENT, Kind, can_be_read, note_unreadable, unreadable
from integration.wire import Misfit

log = logging.getLogger(__name__)


def ingest_cycles(ports: Ports) -> dict[str, Outcome]:
    """Read what is lacking, where the ceiling allows it; what became of each operation.

    :raises Retryable: Mirakl could not be read.
    """
    with ports.ledger.read() as tx:
        since = tx.now - BACK_FILL
    return {
        SBC11.code: _read(ports, SBC11, CYCLE, lacks_cycles, lambda: _cycles(ports, since)),
        IV01.code: _read(ports, IV01, DOCUMENT, lacks_documents, lambda: _documents(ports, since)),
    }


def _read(
    ports: Ports, operation: Operation, kind: Kind, lacks: Callable[[Tx], bool], read: Callable[[], Outcome]
) -> Outcome:
    with ports.ledger.read() as tx:
        if not lacks(tx) and not unreadable(tx, kind):
            return Outcome("nothing is lacking")
    try:
        outcome = at_the_ceiling(ports, operation, read)
    except CredentialsRefused as refused:
        refusal = NO_ACCESS.format(refusal=refused)
        log.error("%s", refusal, extra={"alert": "account_refused"})
        with ports.ledger.write() as tx:
            end_read(tx, operation.code, complete=False, refusal=refusal)
        return Outcome(refusal, lacking=True)
    return outcome or CLOSED


def _cycles(ports: Ports, since: datetime) -> Outcome:
    found = ports.mirakl.billing_cycles(since)
    with ports.ledger.write() as tx:
        rows = _storable(tx, CYCLE, CycleRow, "cycle_id", [_cycle(cycle) for cycle in found.items], found.misfits)
        store_cycles(tx, rows)
        end_read(tx, SBC11.code, complete=True)
    return _seen(len(found.items), len(rows), len(found.misfits))


def _documents(ports: Ports, since: datetime) -> Outcome:
    found = ports.mirakl.invoices(since)
    with ports.ledger.write() as tx:
        rows = [_document(invoice) for invoice in found.items]
        rows = _storable(tx, DOCUMENT, DocumentRow, "invoice_id", rows, found.misfits)
        store_documents(tx, rows)
        end_read(tx, IV01.code, complete=True)
    return _seen(len(found.items), len(rows), len(found.misfits))


def _storable(
    tx: Tx, kind: Kind, table: type[Base], key: str, rows: list[dict[str, Any]], misfits: list[Misfit]
) -> list[dict[str, Any]]:
    """The rows that the ledger can hold; each of the others is a case, and all are read again the next day."""
    problems = {row[key]: row_misfits(table, row) for row in rows}
    misfits = [*misfits, *(Misfit(id_, ", ".join(told)) for id_, told in problems.items() if told)]
    storable = [row for row in rows if not problems[row[key]]]
    can_be_read(tx, kind, {row[key] for row in storable})
    note_unreadable(tx, kind, misfits)
    return storable


def _seen(read: int, stored: int, misfits: int) -> Outcome:
    missing = read - stored + misfits
    if missing:
        return Outcome(
            f"{stored} seen, and {missing} that cannot be taken over: see `backhaul review list`", lacking=True
        )
    return Outcome(f"{stored} seen")


def _cycle(cycle: BillingCycle) -> dict[str, Any]:
    return {
        "cycle_id": cycle.id,
        "date_created": cycle.date_created,
        "currency": cycle.currency_iso_code,
        "transferred": cycle.amount_transferred_to_seller,
        "payout_state": cycle.payout_state,
        "payout_reference": cycle.payout_reference,
        "payout_date": cycle.payout_date,
        "payout_failure": cycle.payout_failure,
    }


def _document(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoice_id": invoice.invoice_id,
        "type": invoice.type,
        "date_created": invoice.date_created,
        "currency": invoice.currency_iso_code,
        "excluding_taxes": invoice.total_amount_excl_taxes,
        "including_taxes": invoice.total_amount_incl_taxes,
        "cycle_id": invoice.seller_billing_cycle_id,
        "payment_state": invoice.payment_state,
        "payment_reference": invoice.payment_reference,
    }
