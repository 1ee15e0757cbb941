"""Hold every refund against the seller's account, from what the ledger knows. Nothing is read from outside."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from integration.domain.reconciliation import KnownRefund, Promised, Reconciled, judge
from integration.domain.refunds import Answered, Calculation
from integration.domain.settlement import AccountLine, Cycle, Payout, prove
from integration.domain.settlement_promise import promised_by, promised_by_hand
from integration.domain.settlement_report import SettlementReport
from integration.domain.settlement_scope import InCycle, Month, Scope
from integration.ledger.accounts import (
    booked_by_cycle,
    cycles,
    documents_of,
    lines_of_refunds,
    refunds_of_cycle,
    refunds_of_period,
)
from integration.ledger.marks import watermark
from integration.ledger.settled_refunds import SettledRefund, answers, refunds_named, refunds_without_lines
from integration.ledger.store import Tx
from integration.ledger.tables import Facts
from integration.mirakl.operations import TL02

NO_AMOUNT = Decimal(0)


def reconcile(tx: Tx, scope: Scope) -> SettlementReport:
    """Every refund that the scope is about, or that it must accrue, with its verdict."""
    considered = reconciled(tx, scope)
    of_scope = _cycles_of(tx, scope)
    named = {cycle_id for refund in considered for cycle_id in refund.cycle_ids}
    known = {cycle.id: cycle for cycle in cycles(tx, ids=named)} | {cycle.id: cycle for cycle in of_scope}
    return SettlementReport(
        scope=scope,
        considered=tuple(considered),
        payouts=_payouts(tx, of_scope),
        documents=tuple(documents_of(tx, [cycle.id for cycle in of_scope])),
        references={cycle.id: cycle.payout_reference for cycle in known.values() if cycle.payout_reference},
        account_read_until=watermark(tx, TL02.code),
    )


def reconciled(tx: Tx, scope: Scope) -> list[Reconciled]:
    """The verdicts alone, in the order of Mirakl's refund ids."""
    if isinstance(scope, Month):
        lines = lines_of_refunds(tx, refunds_of_period(tx, scope.start, scope.end))
        bare = refunds_without_lines(tx, before=scope.end)
    else:
        lines = lines_of_refunds(tx, refunds_of_cycle(tx, scope.name))
        bare = []
    known = {refund.mirakl_refund_id: refund for refund in (*refunds_named(tx, lines.keys()), *bare)}
    answered = answers(tx, {refund.intent_id for refund in known.values() if refund.intent_id is not None})
    return [
        judge(_known(known[id_], answered, of_it) if id_ in known else _stranger(of_it), of_it)
        for id_ in sorted(known.keys() | lines.keys())
        for of_it in [lines.get(id_, [])]
    ]


def _known(refund: SettledRefund, answered: Mapping[uuid.UUID, Facts], lines: Collection[AccountLine]) -> KnownRefund:
    amount, shipping_amount = refund.amount or NO_AMOUNT, refund.shipping_amount or NO_AMOUNT
    calculation = None if refund.calculation is None else Calculation.model_validate(refund.calculation)
    promised: Promised | None = None
    if refund.intent_id is not None:
        answer = answered.get(refund.intent_id)
        promised = (
            promised_by_hand(amount, shipping_amount)
            if calculation is None
            else promised_by(
                calculation,
                answered=None if answer is None else Answered.model_validate(answer),
                amount=amount,
                shipping_amount=shipping_amount,
            )
        )
    return KnownRefund(
        refund_id=str(refund.id),
        mirakl_refund_id=refund.mirakl_refund_id,
        return_id=refund.return_id,
        order_id=refund.order_id,
        order_line_id=refund.order_line_id,
        sku=None if calculation is None else calculation.line.offer_sku,
        reason_code=None if calculation is None else calculation.asked.reason_code,
        quantity=refund.quantity,
        currency=refund.currency or next((line.currency for line in lines), ""),
        noted_at=refund.confirmed_at or refund.created_at,
        promised=promised,
        seen=amount + shipping_amount,
        on_mirakl=refund.on_mirakl is not False,
    )


def _stranger(lines: Collection[AccountLine]) -> KnownRefund:
    """A refund that the account alone shows."""
    first = min(lines, key=lambda line: (line.created, line.id))
    return KnownRefund(
        refund_id=None,
        mirakl_refund_id=first.refund_id,
        order_id=first.order_id or "",
        order_line_id=first.order_line_id or "",
        currency=first.currency,
        noted_at=first.created,
    )


def _cycles_of(tx: Tx, scope: Scope) -> list[Cycle]:
    if isinstance(scope, InCycle):
        return cycles(tx, ids=[scope.name]) or [Cycle(scope.name)]
    return cycles(tx, start=scope.start, end=scope.end)


def _payouts(tx: Tx, of_scope: Iterable[Cycle]) -> tuple[Payout, ...]:
    in_order = list(of_scope)
    booked = booked_by_cycle(tx, [cycle.id for cycle in in_order])
    return tuple(payout for cycle in in_order for payout in prove(cycle, booked.get(cycle.id, [])))
