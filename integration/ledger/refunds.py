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

ABSENCES = 2
"""Complete readings in a row without it that show that a refund was not made."""

REFUSED = frozenset({"refund_rejected", "illegal_refund_reason"})
"""Mirakl refused it in so many words: its only sending had no effect."""


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

    @property
    def may_be_made(self) -> bool:
        """Mirakl has made it, or was asked to and nothing shows that it has not.

        What was only claimed was not asked for: it is read before that, and may be held.
        """
        intent = self.intent
        if self.row.mirakl_refund_id is not None:
            return True
        if intent is None or intent.state == "dropped" or intent.sends == 0:
            return False
        looked_for = intent.state != "unknown" and intent.absences >= ABSENCES
        refused = intent.state == "held" and intent.reason in REFUSED and intent.sends == 1
        return not looked_for and not refused


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


def committed_totals(tx: Tx, return_id: str, *, but: uuid.UUID) -> dict[str, Decimal]:
    """What the refunds of a return come to that are made, may be, or will be without a further word of anybody's:
    product and shipping together, by currency.

    :param but: the intent that is left out. So are those that a person has dropped, those that are held and were never
        sent, and those that were not worked out yet: each of these is held against the limit when its turn comes.
    """
    totals: dict[str, Decimal] = {}
    for refund in refunds(tx, return_id=return_id):
        amounts = _committed(refund)
        if refund.row.intent_id != but and amounts is not None:
            currency, total = amounts
            totals[currency] = totals.get(currency, Decimal(0)) + total
    return totals


def _committed(refund: Refund) -> tuple[str, Decimal] | None:
    row, intent = refund.row, refund.intent
    if row.mirakl_refund_id is not None:
        return row.currency or "", (row.amount or Decimal(0)) + (row.shipping_amount or Decimal(0))
    if intent is None or intent.state == "dropped" or "calculation" not in intent.plan:
        return None
    if intent.state == "held" and not refund.may_be_made:
        return None
    asked = intent.plan["calculation"]["asked"]
    return asked["currency"], Decimal(asked["amount"]) + Decimal(asked["shipping_amount"])


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


def approval_of(tx: Tx, return_id: str, currency: str | None) -> Approval | None:
    """The largest approval in this currency of what a return comes to, as the evidence of its refunds holds it."""
    given = [
        Approval.model_validate(entry.evidence["approved"])
        for refund in refunds(tx, return_id=return_id)
        if refund.intent is not None
        for entry in journal_of(tx, refund.intent.id)
        if "approved" in entry.evidence
    ]
    in_currency = [approval for approval in given if approval.currency == currency]
    return max(in_currency, key=lambda approval: approval.total, default=None)


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
