"""Returns and their lines in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, or_, select

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


def find_twin(tx: Tx, *, return_id: str | None, reveni_return_id: str) -> ReturnRow | None:
    """Our return for a Reveni return, by the id Reveni gave or by the external id we gave."""
    return tx.session.scalar(
        select(ReturnRow).where(
            ReturnRow.shop == tx.shop,
            or_(ReturnRow.reveni_return_id == reveni_return_id, ReturnRow.return_id == (return_id or "")),
        )
    )


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
    promised = select(Intent).where(Intent.shop == tx.shop, Intent.kind.in_(kinds), Intent.subject == return_id)
    free = tx.session.scalars(
        promised.with_for_update(skip_locked=True), execution_options={"populate_existing": True}
    ).all()
    count = tx.session.scalar(select(func.count()).select_from(promised.subquery()))
    busy = len(free) < (count or 0) or any(intent.state == "claimed" for intent in free)
    return None if busy else list(free)


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
