"""Returns and their lines in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from integration.domain.returns import AnnouncedLine
from integration.ledger.store import Tx, insert_or_leave
from integration.ledger.tables import EventRow, Intent, ReturnLineRow, ReturnRow


class EventSeen(NamedTuple):
    """A webhook event, as much of it as is kept."""

    event_id: str
    event: str
    resource_id: str


def lock_return(tx: Tx, return_id: str) -> ReturnRow | None:
    """The return, locked until the end of the transaction: its counters are only changed by one at a time."""
    return tx.session.scalar(
        select(ReturnRow).filter_by(shop=tx.shop, return_id=return_id).with_for_update(),
        execution_options={"populate_existing": True},
    )


def get_return(tx: Tx, return_id: str) -> ReturnRow | None:
    return tx.session.get(ReturnRow, (tx.shop, return_id))


def last_seen(tx: Tx, return_ids: Sequence[str]) -> dict[str, tuple[datetime | None, str]]:
    """When Mirakl last changed these returns, and their state there, as far as it is known."""
    rows = select(ReturnRow.return_id, ReturnRow.last_updated, ReturnRow.mirakl_state).where(
        ReturnRow.shop == tx.shop, ReturnRow.return_id.in_(return_ids)
    )
    return {return_id: (updated, state) for return_id, updated, state in tx.session.execute(rows)}


def return_of_twin(tx: Tx, reveni_return_id: str) -> ReturnRow | None:
    """The return whose twin this is, by the id that was recorded when the twin was made or found."""
    return tx.session.scalar(select(ReturnRow).filter_by(shop=tx.shop, reveni_return_id=reveni_return_id))


def twins_of_order(tx: Tx, order_id: str) -> dict[str, str | None]:
    """The recorded twins of an order's returns: Reveni's id and the status as last read."""
    rows = select(ReturnRow.reveni_return_id, ReturnRow.reveni_status).where(
        ReturnRow.shop == tx.shop, ReturnRow.order_id == order_id, ReturnRow.reveni_return_id.is_not(None)
    )
    return {reveni_return_id or "": status for reveni_return_id, status in tx.session.execute(rows)}


def lines_of(tx: Tx, return_id: str) -> list[ReturnLineRow]:
    return list(
        tx.session.scalars(
            select(ReturnLineRow).filter_by(shop=tx.shop, return_id=return_id).order_by(ReturnLineRow.id)
        )
    )


def announced(tx: Tx, return_id: str) -> list[AnnouncedLine]:
    """The lines as Mirakl announced them."""
    return [
        AnnouncedLine(line.order_line_id, line.quantity, line.reason_code)
        for line in lines_of(tx, return_id)
        if line.quantity > 0  # else it is not in the return any more
    ]


def add_line(tx: Tx, return_id: str, line: AnnouncedLine) -> None:
    """A line of which nothing is mapped or judged yet."""
    tx.session.add(
        ReturnLineRow(
            shop=tx.shop, return_id=return_id, order_line_id=line.order_line_id, quantity=line.quantity,
            reason_code=line.reason_code, accepted=0, rejected=0, refund_units=0, moved_units=0, sellable_units=0,
        )
    )  # fmt: skip


def replace_lines(tx: Tx, return_id: str, shown: Sequence[AnnouncedLine], *, in_reveni: bool) -> None:
    """Have the lines be these. One with another reason is unmapped again.

    :param in_reveni: the twin there still names the lines that are gone: they stay, with the units that were judged.
    """
    gone = {line.order_line_id: line for line in lines_of(tx, return_id)}
    for line in shown:
        known = gone.pop(line.order_line_id, None)
        if known is None:
            add_line(tx, return_id, line)
            continue
        known.quantity = line.quantity
        if line.reason_code not in (None, known.reason_code):
            known.reason_code = line.reason_code
            known.reveni_reason = known.refund_reason = known.mapping_version = None
    for known in gone.values():
        if in_reveni:
            known.quantity = known.accepted + known.rejected
        else:
            tx.session.delete(known)
    tx.session.flush()


def lock_promises(tx: Tx, return_id: str, kinds: Sequence[str]) -> list[Intent] | None:
    """What was promised of these kinds for a return, unclaimed until the end of the transaction.

    None where somebody is at one of them at this moment: waiting for them could be a deadlock, since they wait for the
    return that the caller has locked.
    """
    promised = select(Intent.id).where(Intent.shop == tx.shop, Intent.kind.in_(kinds), Intent.subject == return_id)
    free = free_promises(tx, return_id, kinds)
    count = tx.session.scalar(select(func.count()).select_from(promised.subquery()))
    return None if len(free) < (count or 0) else free


def free_promises(tx: Tx, return_id: str, kinds: Sequence[str]) -> list[Intent]:
    """What was promised of these kinds for a return and nobody is at, unclaimed until the end of the transaction."""
    promised = select(Intent).where(Intent.shop == tx.shop, Intent.kind.in_(kinds), Intent.subject == return_id)
    unlocked = tx.session.scalars(
        promised.with_for_update(skip_locked=True), execution_options={"populate_existing": True}
    )
    return [intent for intent in unlocked if intent.state != "claimed"]


def returns(tx: Tx, *, state: str | None = None, limit: int | None = None) -> list[ReturnRow]:
    """Returns, oldest first."""
    query = (
        select(ReturnRow).filter_by(shop=tx.shop).order_by(ReturnRow.first_seen_at, ReturnRow.return_id).limit(limit)
    )
    return list(tx.session.scalars(query if state is None else query.filter_by(state=state)))


def add_events(tx: Tx, events: Sequence[EventSeen]) -> set[str]:
    """Store webhook events, each id once; the ids of those that were not stored before."""
    rows = {
        one.event_id: {"shop": tx.shop, "received_at": tx.now, **one._asdict()}
        for one in sorted(events, key=lambda one: one.event_id)
    }
    if not rows:
        return set()
    stored = tx.session.scalars(insert_or_leave(tx, EventRow).returning(EventRow.event_id), list(rows.values()))
    return set(stored)
