"""Refunds in the ledger: ours, whose state is their intent's, and those that others made."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select

from integration.domain.refund_limits import Approval
from integration.ledger.journal import journal_of
from integration.ledger.store import Tx
from integration.ledger.tables import Intent, RefundRow


class Refund(NamedTuple):
    row: RefundRow
    intent: Intent | None

    @property
    def state(self) -> str:
        """decided, claimed, unknown, confirmed, held, dropped; then refunded; or external."""
        if self.intent is None:
            return "external"
        if self.intent.state == "confirmed" and self.row.refund_state == "REFUNDED":
            return "refunded"
        return self.intent.state


def get_refund(tx: Tx, refund_id: uuid.UUID) -> Refund | None:
    row = tx.session.scalar(select(RefundRow).filter_by(shop=tx.shop, id=refund_id))
    return None if row is None else _with_intent(tx, row)


def refund_of_intent(tx: Tx, intent_id: uuid.UUID) -> RefundRow:
    return tx.session.scalars(select(RefundRow).filter_by(shop=tx.shop, intent_id=intent_id)).one()


def refunds(
    tx: Tx, *, return_id: str | None = None, order_id: str | None = None, limit: int | None = None
) -> list[Refund]:
    """Refunds, oldest first."""
    query = select(RefundRow).filter_by(shop=tx.shop).order_by(RefundRow.created_at, RefundRow.id).limit(limit)
    if return_id is not None:
        query = query.filter_by(return_id=return_id)
    if order_id is not None:
        query = query.filter_by(order_id=order_id)
    return [_with_intent(tx, row) for row in tx.session.scalars(query)]


def add_refund(
    tx: Tx, intent: Intent, *, return_id: str, order_id: str, order_line_id: str, cumulative_units: int, quantity: int
) -> RefundRow:
    """A refund of ours of so many units of a return line, of which so many are refunded or decided with it."""
    row = RefundRow(
        id=intent.id, shop=tx.shop, intent_id=intent.id, return_id=return_id, order_id=order_id,
        order_line_id=order_line_id, cumulative_units=cumulative_units, quantity=quantity, created_at=tx.now, looks=0,
    )  # fmt: skip
    tx.session.add(row)
    return row


def attributed_ids(tx: Tx, order_id: str) -> frozenset[str]:
    """Mirakl's refund ids of this order that belong to an intent of ours."""
    return frozenset(
        tx.session.scalars(
            select(RefundRow.mirakl_refund_id).where(
                RefundRow.shop == tx.shop,
                RefundRow.order_id == order_id,
                RefundRow.intent_id.is_not(None),
                RefundRow.mirakl_refund_id.is_not(None),
            )
        )
    )


def known_mirakl_ids(tx: Tx, mirakl_refund_ids: Collection[str]) -> dict[str, RefundRow]:
    rows = tx.session.scalars(
        select(RefundRow).where(RefundRow.shop == tx.shop, RefundRow.mirakl_refund_id.in_(list(mirakl_refund_ids)))
    )
    return {row.mirakl_refund_id or "": row for row in rows}


def to_look_at(tx: Tx, *, limit: int) -> list[RefundRow]:
    """Refunds whose way to REFUNDED is due for a look, oldest date first."""
    return list(
        tx.session.scalars(
            select(RefundRow)
            .where(RefundRow.shop == tx.shop, RefundRow.look_at <= tx.now)
            .order_by(RefundRow.look_at)
            .limit(limit)
        )
    )


def waiting_totals(tx: Tx, reason: str) -> dict[str, Decimal]:
    """What all refunds that wait for this reason come to, product and shipping together, by currency."""
    plans = tx.session.scalars(
        select(Intent.plan).where(
            Intent.shop == tx.shop,
            Intent.kind == "push_refund",
            Intent.state.in_(("decided", "claimed")),
            Intent.reason == reason,
        )
    )
    totals: dict[str, Decimal] = {}
    for asked in (plan["calculation"]["asked"] for plan in plans):
        total = Decimal(asked["amount"]) + Decimal(asked["shipping_amount"])
        totals[asked["currency"]] = totals.get(asked["currency"], Decimal(0)) + total
    return dict(sorted(totals.items()))


def approval_of(tx: Tx, intent_id: uuid.UUID) -> Approval | None:
    """The newest approval of a refund that is above its limit, as its evidence holds it."""
    given = [entry.evidence["approved"] for entry in journal_of(tx, intent_id) if "approved" in entry.evidence]
    return Approval.model_validate(given[-1]) if given else None


def refunds_of_others(tx: Tx, refund: RefundRow) -> frozenset[str]:
    """Mirakl's ids of refunds of which a person has said that they are for something else than this return line."""
    intents = tx.session.scalars(
        select(RefundRow.intent_id).where(
            RefundRow.shop == tx.shop,
            RefundRow.return_id == refund.return_id,
            RefundRow.order_line_id == refund.order_line_id,
            RefundRow.intent_id.is_not(None),
        )
    ).all()
    entries = (entry for intent_id in intents if intent_id for entry in journal_of(tx, intent_id))
    return frozenset(one for entry in entries for one in entry.evidence.get("others", ()))


def _with_intent(tx: Tx, row: RefundRow) -> Refund:
    return Refund(row, None if row.intent_id is None else tx.session.get(Intent, row.intent_id))
